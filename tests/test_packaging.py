"""What stands around the library: its commands, what is handed out, what a terminal can show."""

import os
import platform
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest

import sk231n
from sk231n.core.bases import BaseEstimator

ROOT = Path(__file__).parents[1]
MADE = {".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", "build",
        "dist", "_build", "gallery", "generated", "node_modules"}  # fmt: skip
SCRIPTS = sorted(
    path for folder in ("examples", "benchmarks", ".ci") for path in (ROOT / folder).glob("*.py")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
SITE, REPOSITORY = PROJECT["urls"]["Documentation"], PROJECT["urls"]["Source"]


# What is handed out ------------------------------------------------------------------------------


def sources(root):
    """Files of the repository, relative to it."""
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(git, capture_output=True)
        if listed.returncode == 0:
            names = listed.stdout.decode().split("\0")
            return {name for name in names if name and (root / name).is_file()}
    paths = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    names = {path.relative_to(root) for path in paths}
    names = {name for name in names if not MADE & set(name.parts) and name.name != ".coverage"}
    return {name.as_posix() for name in names if not name.parts[0].endswith(".egg-info")}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Names in the source distribution, which is built from a copy, without a network."""
    folder = tmp_path_factory.mktemp("sdist")
    copy = folder / "copy"
    for name in sources(ROOT):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    program = f"from setuptools.build_meta import build_sdist; build_sdist({str(folder)!r})"
    subprocess.run([sys.executable, "-c", program], cwd=copy, check=True, capture_output=True)
    [path] = folder.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = [member.name for member in archive if member.isfile()]
    return {name.partition("/")[2] for name in names}


def test_sdist_holds_the_whole_repository(sdist):
    assert sources(ROOT) - sdist == set()


@pytest.mark.parametrize(
    "name",
    ["tests/conftest.py", "tests/test_layering.py", "docs/index.md", "docs/conf.py", ".ci/run",
     "docs/_static/sk231n.css", "examples/quickstart.py", "benchmarks/report.py", "Makefile",
     "CHANGELOG.md", "CITATION.cff", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE",
     "README.md", "SECURITY.md", ".github/workflows/ci.yml", "sk231n/py.typed"],
)  # fmt: skip
def test_sdist_holds(sdist, name):
    assert name in sdist


def test_sdist_holds_nothing_else(sdist):
    made = {name for name in sdist if name.partition("/")[0].endswith(".egg-info")}
    assert sdist - sources(ROOT) - made <= {"PKG-INFO", "setup.cfg"}


def test_tests_without_their_files_fail():
    """A test of no examples, from an archive that lacks them, would say nothing."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["empty_parameter_set_mark"] == "fail_at_collect"


def test_wheel_is_not_checked_in_the_sources():
    """What is tried has to be what was installed."""
    program = [sys.executable, str(ROOT / ".ci" / "check_wheel.py"), "--estimators"]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(program, env=environ, capture_output=True, text=True)
    assert run.returncode != 0
    assert "is not what was installed" in run.stderr


# What is said about it ---------------------------------------------------------------------------


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_readme_shows_on_an_index():
    """There it stands alone: a link to a file beside it leads nowhere."""
    readme = read("README.md")
    defined = dict(re.findall(r"^\[([^\]]+)\]: +(\S+)", readme, re.MULTILINE))
    assert set(re.findall(r"\]\[([^\]]*)\]", readme)) == set(defined)
    links = [*defined.values(), *re.findall(r"\]\(([^)]*)\)", readme)]
    links += re.findall(r"""(?:href|src)=["']?([^"'>\s]+)""", readme)
    assert [link for link in links if not link.startswith("https://")] == []


def file_behind(address):
    """The file of the repository that is shown at one of its own addresses."""
    if address.startswith(f"{SITE}/"):
        return ROOT / "docs" / address.removeprefix(f"{SITE}/").replace(".html", ".md")
    return ROOT / address.removeprefix(f"{REPOSITORY}/blob/main/")


def test_own_addresses_lead_to_pages_and_files():
    """Home is where pyproject.toml says, whoever links there."""
    forms = {f"{REPOSITORY}/issues", f"{REPOSITORY}/security/advisories/new"}
    generated = f"{SITE}/api/generated/"  # and a name
    own = re.compile(r"https?://[^\s)\]>\"'`{}]*sk231n[^\s)\]>\"'`{}]*")
    wrong = [
        f"{name}: {address}"
        for name in sorted(sources(ROOT))
        if Path(name).suffix in (".cff", ".md", ".py", ".toml", ".yml")
        for address in own.findall(read(name))
        if address not in {SITE, REPOSITORY, generated, *forms}
        if not file_behind(address).is_file()
    ]
    assert wrong == []
    assert BaseEstimator._doc_link_template.startswith(generated)


def test_pythons():
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    [matrix] = re.findall(r"python: \[(.*)\]", read(".github/workflows/ci.yml"))
    assert re.findall(r"[\d.]+", matrix) == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    for page in ("README.md", "docs/getting_started.md"):
        assert f"runs on Python {named[0]} to {named[-1]}" in read(page)


def test_version_and_its_day():
    released = re.findall(r"^## \[([\d.]+)\] - ([\d-]+)$", read("CHANGELOG.md"), re.MULTILINE)
    citation = dict(re.findall(r"^([a-z-]+): +\"?([^\"\n]+)", read("CITATION.cff"), re.MULTILINE))
    assert released[0] == (sk231n.__version__, citation["date-released"])
    assert citation["version"] == sk231n.__version__
    assert citation["license"] == PROJECT["license"]


@pytest.mark.parametrize("page", ["README.md", "docs/getting_started.md"])
def test_page_names_every_extra(page):
    assert set(EXTRAS) - set(re.findall(r"`([a-z]+)`", read(page))) == set()


def test_make_knows_the_extras():
    named = re.findall(r"\$\(VENV\)/([a-z]+)\.installed", read("Makefile"))
    assert set(named) - set(EXTRAS) == set()


# Python that is too old ---------------------------------------------------------------------------


@pytest.fixture
def make(tmp_path):
    if not shutil.which("make") or os.name == "nt":
        pytest.skip("no make here")

    def make(*goals, **variables):
        variables = {"VENV": tmp_path / "venv"} | variables
        command = ["make", "--no-print-directory", *goals]
        command += [f"{name}={value}" for name, value in variables.items()]
        environ = {key: value for key, value in os.environ.items() if key not in variables}
        environ = {key: value for key, value in environ.items() if not key.startswith("MAKE")}
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)

    return make


def old_python(path):
    """A Python that says that it is 3.9, and writes down what else it is asked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    program = f"""\
        #!/bin/sh
        if [ "$1" = -c ]; then
            exec "{sys.executable}" -c 'import sys; sys.version_info = (3, 9, 18, "final", 0)
        exec(sys.argv[1])' "$2"
        fi
        echo "$@" >> "{path}.asked"
    """
    path.write_text(textwrap.dedent(program))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("goal", ["quickstart", "test", "docs-quick", "lint"])
@pytest.mark.parametrize("missing", [False, True])
def test_old_python_gets_one_line_and_no_environment(make, tmp_path, goal, missing):
    python = tmp_path / "python3" if missing else old_python(tmp_path / "python3")
    run = make(goal, PYTHON=python)
    said = [line for line in run.stderr.splitlines() if "Error" not in line]  # of a make in a make
    assert run.returncode != 0
    assert len(said) == 1
    assert "needs Python 3.11 or later" in said[0]
    assert str(python) in said[0]
    assert not (tmp_path / "venv").exists()
    assert not Path(f"{python}.asked").exists()


def test_environment_of_an_old_python_is_named(make, tmp_path):
    """As an earlier ``make`` may have left it."""
    python = old_python(tmp_path / "venv" / "bin" / "python")
    run = make("quickstart")
    assert run.returncode != 0
    [line] = run.stderr.splitlines()
    assert "needs Python 3.11 or later" in line
    assert "make clean" in line
    assert not Path(f"{python}.asked").exists()


def test_environment_that_could_not_be_made_is_not_taken_for_one(make, tmp_path):
    """A system's Python may lack what it takes to install pip, and says so at the very end."""
    python = tmp_path / "python3"
    script = f"""\
        #!/bin/sh
        if [ "$1" = -c ]; then exec "{sys.executable}" "$@"; fi
        mkdir -p "$3/bin" && touch "$3/bin/python"
        exit 1
    """
    python.write_text(textwrap.dedent(script))
    python.chmod(0o755)
    assert make("quickstart", PYTHON=python).returncode != 0
    assert not (tmp_path / "venv" / "bin" / "python").exists()


@pytest.fixture
def planned(make, tmp_path):
    """Function that returns the commands of a goal where there is an environment already."""
    for folder in ("bin", "Scripts"):
        (tmp_path / "venv" / folder).mkdir(parents=True)
        for name in ("python", "python.exe"):
            (tmp_path / "venv" / folder / name).symlink_to(sys.executable)

    def planned(goal, **variables):
        return make("--dry-run", goal, **variables).stdout.splitlines()

    return planned


@pytest.mark.parametrize(("system", "folder"), [("", "bin"), ("Windows_NT", "Scripts")])
def test_where_python_is(planned, tmp_path, system, folder):
    *_, last = planned("quickstart", OS=system)
    assert last == f"{tmp_path}/venv/{folder}/python examples/quickstart.py"


def test_referees_are_installed_where_asked_for(planned):
    def installed(**variables):
        return re.findall(r'--editable "\.\[(\w+)\]"', "\n".join(planned("test", **variables)))

    assert installed(REFEREES="") == ["test"]
    assert installed(REFEREES=1) == ["test", "referees"]
    assert 'make test VENV="$venv" REFEREES=1' in read(".ci/run")
    packages = {re.match(r"[\w-]+", requirement)[0] for requirement in EXTRAS["test"]}
    assert packages.isdisjoint({"torch", "scikit-image"})


def test_this_python_is_new_enough(make):
    run = make("--dry-run", PYTHON=sys.executable, MAKEFLAGS="")
    assert "needs Python" not in run.stderr


# Terminals that show ASCII alone -----------------------------------------------------------------


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_print_ascii(path):
    """Whatever a script can print of its own is in its source."""
    assert path.read_text(encoding="utf-8").isascii()


ON_FEW_IMAGES = """
import sys
from functools import partial
sys.path.insert(0, {folder!r})
import quickstart
from sk231n.datasets import make_shapes
shapes = make_shapes(90, image_size=8, n_classes=2, random_state=0)
data = shapes.images[:60], shapes.target[:60], shapes.images[60:], shapes.target[60:]
quickstart.load_images = lambda cifar10: data
for name in ("SoftmaxClassifier", "LinearSVM"):
    setattr(quickstart, name, partial(getattr(quickstart, name), max_iter=2))
sys.argv = ["quickstart.py"]
quickstart.main()
"""


def test_quickstart_on_such_a_terminal():
    program = ON_FEW_IMAGES.format(folder=str(ROOT / "examples"))
    environ = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    run = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    printed = run.stdout.decode("ascii")
    assert "cross-validation: 0." in printed
    assert " +/- 0." in printed


# Kernels of OpenBLAS -----------------------------------------------------------------------------


def test_every_test_file_is_numeric_or_not():
    kernels = runpy.run_path(str(ROOT / ".ci" / "kernels.py"))
    listed = [*kernels["NUMERIC"], *kernels["THREADED"], *kernels["NOT_NUMERIC"]]
    assert len(set(listed)) == len(listed)
    files = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    assert set(listed) == files, "list it in .ci/kernels.py"


def test_kernels_that_do_not_exist_are_found_out():
    kernels = runpy.run_path(str(ROOT / ".ci" / "kernels.py"))
    assert kernels["kernels_in_use"]("no such kernel")[1]
    reasons = [kernels["kernels_in_use"](kernel)[1] for kernel in kernels["KERNELS"]]
    if (
        platform.machine() in ("x86_64", "AMD64")
        and "openblas" in np.__config__.show("dicts")["Build Dependencies"]["blas"]["name"]
    ):
        assert None in reasons
    assert all(reason is None or "\n" not in reason for reason in reasons)


def test_kernels_run_with_their_variables(monkeypatch):
    kernels = runpy.run_path(str(ROOT / ".ci" / "kernels.py"))
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    variables = kernels["environment"]("Haswell", 2)
    assert variables["OPENBLAS_CORETYPE"] == "Haswell"
    assert variables["OPENBLAS_NUM_THREADS"] == "2"
    assert "OPENBLAS_L2_SIZE" not in variables
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert "OPENBLAS_CORETYPE" not in kernels["environment"](None)
