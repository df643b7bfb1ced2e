"""The examples on a cluster run on few images, and leave nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name, folder, *arguments, **environ):
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    temporary = folder / "temporary"
    temporary.mkdir()
    found = subprocess.run(
        command, cwd=folder, env=os.environ | {"TMPDIR": str(temporary)} | environ,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert list(temporary.iterdir()) == []
    return found


def test_neighbors(tmp_path):
    done = run(
        "knn_on_a_cluster.py", tmp_path, "--images", "700", "--side", "8", "--shard", "232",
        "--queries", "20", "-k", "6", "--folder", "shards",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "in 4 shards" in done.stdout  # the last of which has fewer images than neighbours
    assert "equal to the last bit: True" in done.stdout
    assert {path.name for path in (tmp_path / "shards").iterdir()} == {
        "0.npy", "232.npy", "464.npy", "696.npy", "base.npy",
    }  # fmt: skip


def test_softmax(tmp_path):
    few = ["--images", "200", "--batch", "32", "--workers", "1"]
    done = run("softmax_on_a_cluster.py", tmp_path, *few)
    assert (done.returncode, done.stderr) == (0, "")
    assert "labels that differ: 0" in done.stdout
    assert "steps here take as long as one there" in done.stdout


@pytest.mark.parametrize("name", ["knn_on_a_cluster.py", "softmax_on_a_cluster.py"])
def test_without_dask_they_say_what_to_install(tmp_path, name):
    (tmp_path / "distributed.py").write_text("raise ImportError")
    done = run(name, tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert 'pip install "distributed' in line
