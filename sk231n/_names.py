"""What to say of a name that does not exist."""

from difflib import get_close_matches


def unknown_name(argument, value, names):
    """Message for a name that is none of those there are: it lists them and suggests the nearest.

    Parameters
    ----------
    argument : str
        Name of the argument.
    value : object
        What came.
    names : iterable of str
        The names there are.

    Returns
    -------
    str
        The message, one sentence or two.
    """
    names = sorted(names)
    value = str(value) if isinstance(value, str) else value  # NumPy's would show its type
    expected = f"xpected one of {', '.join(map(repr, names))}."
    if isinstance(value, str):
        by_lower_case = {name.lower(): name for name in names}
        close = get_close_matches(value.lower(), by_lower_case, n=1)
        if close:
            nearest = by_lower_case[close[0]]
            return f"{argument}={value!r} is unknown; did you mean {nearest!r}? E{expected}"
    return f"{argument}={value!r} is unknown; e{expected}"
