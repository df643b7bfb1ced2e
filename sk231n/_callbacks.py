"""The tasks that report a run to scikit-learn's callbacks (``sklearn.callback``)."""

from collections.abc import Callable
from typing import Any


class CallbackEpochs:
    """The callbacks' view of a run: one task for ``fit``, and inside it one per epoch.

    SciPy does not say which iteration is the last, so the next task begins as soon as one ends.
    After L-BFGS, ``close`` may therefore end a task in which nothing happened.

    Parameters
    ----------
    estimator : object
        The estimator that is fitted.
    total : int
        Largest number of epochs.
    data : dict
        ``X`` and ``y`` as the user gave them, and ``metadata``.
    """

    def __init__(self, estimator: Any, total: int, data: dict[str, Any]) -> None:
        self._data = {"estimator": estimator, **data}
        self._left = total
        self._root = estimator._init_callback_context(max_subtasks=total)
        self._root.call_on_fit_task_begin(**self._data)
        self._begin()

    def _begin(self):
        self._left -= 1
        self._task = self._root.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self._data)

    def end(self, attributes: Callable[[], dict[str, Any]], stop: bool = False) -> bool:
        """End an epoch; return whether to stop, because of `stop` or because a callback asks."""
        task, self._task = self._task, None  # so that it ends only once, even if a callback raises
        stop |= task.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)
        if self._left and not stop:
            self._begin()
        return stop

    def close(self) -> None:
        """End the fit; the estimator is ready."""
        if self._task is not None:
            self._task.call_on_fit_task_end(estimator=self._data["estimator"])
        self._root.call_on_fit_task_end(**self._data, reconstruction_attributes={})
