"""Try a wheel as a user has it: in a virtual environment of its own, far from the sources.

    python3.13 .ci/check_wheel.py dist/sk231n-0.1.0-py3-none-any.whl

The environment is made by the Python that runs this, and is removed at the end. It gets the wheel,
what it requires, and the extra `progress`. In it the quickstart runs, and scikit-learn's
check_estimator passes for all estimators.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def check_estimators():
    """Run all checks of scikit-learn on all estimators of the package that is installed."""
    os.environ["SCIPY_ARRAY_API"] = "1"  # else one check is skipped; to be set before the imports
    from importlib.metadata import version

    from sklearn.exceptions import SkipTestWarning
    from sklearn.utils.estimator_checks import check_estimator

    import sk231n
    from sk231n.utils import all_estimators

    place = Path(sk231n.__file__).resolve()
    assert Path(sys.prefix).resolve() in place.parents, f"{place} is not what was installed"
    assert sk231n.__version__ == version("sk231n")
    warnings.filterwarnings("ignore", "X holds values", UserWarning)  # by HSVHistogram's contract
    warnings.filterwarnings("ignore", "Can't test estimator ImageReader", SkipTestWarning)
    n_checks = 0
    for name, Estimator in all_estimators():
        for result in check_estimator(Estimator(), on_skip=None, on_fail=None):
            outcome = "{check_name}: {status} {exception}".format(**result)
            assert result["status"] == "passed", f"{name}, {outcome}"
            n_checks += 1
    print(f"{len(all_estimators())} estimators passed {n_checks} checks", flush=True)


def check_wheel(wheel, folder):
    """Install the wheel in an environment below the folder, and try it there."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def run(*command):
        subprocess.run([python, *command], cwd=folder, env=environ, check=True)

    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    run("-m", "pip", "install", "--quiet", f"{wheel}[progress]")
    run("-m", "pip", "check")
    # Isolated (-I), Python looks for modules neither in this folder nor in that of the script.
    run("-I", "-W", "error", "-c", "import sk231n; sk231n.show_versions()")
    run("-I", str(ROOT / "examples" / "quickstart.py"))
    run("-m", "pip", "install", "--quiet", "pandas")  # else checks are skipped
    run("-I", "-W", "error", __file__, "--estimators")


def main():
    """Say how long it took, or fail."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", nargs="?", type=Path)
    parser.add_argument("--estimators", action="store_true", help="check what is installed here")
    arguments = parser.parse_args()
    if arguments.estimators:
        return check_estimators()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        check_wheel(arguments.wheel.resolve(strict=True), Path(folder).resolve())
    seconds = time.perf_counter() - start
    print(f"{arguments.wheel.name} works with Python {platform.python_version()}: {seconds:.0f} s")


if __name__ == "__main__":
    main()
