"""What a report of a fault should say: versions, processor, and the kernels of the BLAS."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_info

from sk231n._version import __version__

_REQUIRED = "numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl"
_OPTIONAL = "pillow", "matplotlib", "rich", "bokeh", "skl2onnx", "onnxruntime", "skops", "pandas"


def show_versions() -> None:
    """Print the versions of the library and of what it runs on, for reports of faults.

    Examples
    --------
    >>> import sk231n
    >>> sk231n.show_versions()
    System
        python: 3...
    """
    print("System")
    print(f"    python: {sys.version}")
    print(f"    system: {platform.platform()}")
    print(f"    processors: {os.cpu_count()}")
    print("Packages")
    print(f"    sk231n: {__version__}")
    for name in _REQUIRED + _OPTIONAL:
        print(f"    {name}: {_installed(name)}")
    print("Threads")
    for library in threadpool_info():
        words = (
            f"{library['num_threads']} threads",
            library.get("version") or "",
            library.get("architecture") or "",
        )
        print(f"    {library['internal_api']}: {', '.join(filter(None, words))}")


def _installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
