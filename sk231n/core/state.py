"""What estimators remember from one call to the next."""

from typing import Any, Self


class State:
    """Base of what an estimator remembers: it is saved as a dict of arrays, numbers and such dicts.

    So what is saved of an estimator names none of these classes, whatever becomes of them.
    """

    def as_dict(self) -> dict[str, Any]:
        """Return the content."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Make the state that has this content."""
        state = cls.__new__(cls)
        vars(state).update(content)
        return state
