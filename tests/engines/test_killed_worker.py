"""A worker of Ray is killed in the middle of a search, as by a machine that runs out of memory."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROGRAM = """
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import ray
from joblib import parallel_config
from ray.util.joblib import register_ray
from sklearn.model_selection import GridSearchCV
from sk231n.datasets import make_shapes
from sk231n.neighbors import KNNClassifier

FOLDER, MARK = Path("ray").absolute(), Path("killed").absolute()


class Killed(KNNClassifier):
    def fit(self, X, y):
        if not MARK.exists():
            MARK.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)


def processes():
    "Those, besides this one, with an open file in Ray's folder: each has its log there."
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink().is_relative_to(FOLDER):
                found.add(int(link.parts[2]))
        except OSError:  # it has just ended, or been closed
            pass
    return found - {os.getpid()}


shapes = make_shapes(200, image_size=16, n_classes=3, random_state=0)
X, y = shapes.images.reshape(200, -1) / 255, shapes.target  # 1.2 MB
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=str(FOLDER))
register_ray()
search = GridSearchCV(Killed(), {"n_neighbors": [1, 3, 5]}, cv=3, scoring="neg_log_loss")
with parallel_config(backend="ray", n_jobs=2):
    with pytest.raises(ray.exceptions.ActorDiedError, match="died unexpectedly"):
        search.fit(X, y)
    assert MARK.exists()
    again = search.fit(X, y).cv_results_["mean_test_score"]  # in new workers
np.testing.assert_array_equal(again, search.fit(X, y).cv_results_["mean_test_score"])

assert processes()
ray.shutdown()
deadline = time.monotonic() + 30
while processes():
    assert time.monotonic() < deadline, processes()
    time.sleep(0.1)
"""


def test_search_says_so_and_leaves_nothing_behind():
    """Neither processes nor files, but for Ray's logs in the folder that it was given."""
    with TemporaryDirectory() as folder:  # a short path, as Ray's sockets need one
        folders = dict.fromkeys(["HOME", "TMPDIR", "JOBLIB_TEMP_FOLDER"], folder)
        command = [sys.executable, "-c", PROGRAM]
        subprocess.run(command, cwd=folder, env=os.environ | folders, check=True, timeout=300)
        assert {path.name for path in Path(folder).iterdir()} == {"killed", "ray"}
