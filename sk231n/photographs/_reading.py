"""Many pictures on several threads: Pillow lets other threads run while it decodes."""

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from sk231n._threads import count_threads, run_on_threads
from sk231n.photographs._sources import describe


def for_each_picture(
    use: Callable[[int, Any], None],
    pictures: Iterable[tuple[int, Any]],
    n_jobs: int | None,
    *,
    name: Callable[[int, Any], str],
    skip: bool,
    hint: str = "",
) -> dict[int, str]:
    """Call ``use(k, source)`` for each picture, on several threads.

    Parameters
    ----------
    use : callable
        Reads a picture and stores it.
    pictures : iterable of (int, source)
        The pictures and their indices.
    n_jobs : int or None
        Number of threads; see :func:`~sk231n._threads.count_threads`.
    name : callable
        ``name(k, source)`` names a picture in an error message.
    skip : bool
        Whether pictures that cannot be read are passed over.
    hint : str, default=""
        What the error message says to do about one that cannot be read.

    Returns
    -------
    dict
        What is wrong with the pictures that were passed over, by index.

    Raises
    ------
    OSError, TypeError, ValueError
        If a picture cannot be read, and `skip` is false: for the first of them.
    """
    faults: dict[int, Exception] = {}

    def worker(task):
        k, source = task
        try:
            use(k, source)
        # Decoders meet damaged files with errors of many kinds.
        except Exception as error:
            faults[k] = error
            if not skip:
                raise

    tasks = list(pictures)
    try:
        with warnings.catch_warnings():
            # Of damaged notes beside the pixels, and of sizes, which are the caller's to limit.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            run_on_threads(lambda: worker, tasks[::-1], count_threads(n_jobs))
    except Exception:
        if not faults:
            raise
        k = min(faults)
        raise _named(faults[k], name(k, dict(tasks)[k]), hint) from faults[k]
    return {k: _words(faults[k]) for k in sorted(faults)}


def named_by_index(k: int, source: Any) -> str:
    """Name a picture of the argument `X`."""
    return f"X[{k}] ({describe(source)})"


def _named(error, name, hint):
    """The error with the name of the picture, as one of the three kinds that users expect."""
    message = f"{name} cannot be read as a picture: {_words(error)}. {hint}".rstrip()
    if isinstance(error, FileNotFoundError | PermissionError):
        return type(error)(message)
    return (TypeError if isinstance(error, TypeError) else ValueError)(message)


def _words(error):
    """What an error says."""
    from PIL import UnidentifiedImageError
    from PIL.Image import DecompressionBombError

    if isinstance(error, UnidentifiedImageError):
        return "it is damaged, or of a format that is not known"
    if isinstance(error, DecompressionBombError):
        words = str(error).rstrip(".")
        return f"{words}; PIL.Image.MAX_IMAGE_PIXELS allows more, besides max_pixels"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rstrip(".") or type(error).__name__
