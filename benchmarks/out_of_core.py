"""A file larger than memory: read, trained on and searched by processes that may take 400 MB.

    python benchmarks/out_of_core.py [--cifar10 DIR] [--images 400000] [--limit 400] [--json FILE]

The file holds photographs of CIFAR-10, or shapes that the library draws, shifted and mirrored until
there are enough of them: 1.2 GB, from which NumPy maps what is needed (``np.load(path,
mmap_mode="r")``), and once more in zarr. Each run is a process of its own in a control group of
Linux whose limit includes what the system keeps of files, so that it needs the superuser. Before
each run, the system forgets what it has kept. Runs take turns; medians are shown. Shuffling all
rows is stopped after ``--patience`` seconds.

With ``--cifar10``, the accuracy with ``shuffle="chunks"`` is then compared with that of a full
shuffle, in the order of the file and sorted by class, without a limit of memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from sklearn import config_context

from sk231n import HOG, KNNClassifier, MLPClassifier, SoftmaxClassifier
from sk231n.datasets import load_cifar10, make_shapes

ROWS = 10_000  # that are made, or learnt from, at a time
QUERIES = 1000


def fit(shuffle):
    def work(X, y, folder):
        SoftmaxClassifier(max_iter=1, shuffle=shuffle, random_state=0).fit(X, y)

    return work


def read(X, y, folder):
    """Touch every page in order."""
    for start in range(0, X.shape[0], 1000):
        X[start : start + 1000].max()


def partial_fit(X, y, folder):
    model = SoftmaxClassifier(random_state=0)
    for start in np.random.RandomState(0).permutation(range(0, len(X), ROWS)):
        model.partial_fit(X[start : start + ROWS], y[start : start + ROWS], classes=range(10))


def predict(X, y, folder):
    SoftmaxClassifier(max_iter=1).fit(X[:ROWS], y[:ROWS]).predict(X)


def features(X, y, folder):
    """Write HOG features into another file, some images at a time."""
    hog = HOG().fit(X[:1])
    n_features = hog.transform(X[:1]).shape[1]
    out = open_memmap(Path(folder, "hog.npy"), "w+", np.float32, (len(X), n_features))
    for start in range(0, len(X), ROWS):
        out[start : start + ROWS] = hog.transform(X[start : start + ROWS])
    out.flush()


def neighbors(X, y, folder):
    """Search half of the file, as the reduced copy of all of it would not fit."""
    n_samples = len(X) // 2
    with config_context(working_memory=64):  # beside the reduced copy
        knn = KNNClassifier(5).fit(X[:n_samples], y[:n_samples])
        found = knn.kneighbors(np.array(X[:QUERIES]), 1, return_distance=False)[:, 0]
    assert (found <= np.arange(QUERIES)).all()  # itself, or an equal image before it


WORKS = {
    "reading the file in order": ("npy", read),
    "`fit(shuffle=False)`": ("npy", fit(False)),
    '`fit(shuffle="chunks")`': ("npy", fit("chunks")),
    "`partial_fit` of 10,000 rows at a time": ("npy", partial_fit),
    "`predict`": ("npy", predict),
    "HOG into another file": ("npy", features),
    "`KNNClassifier` on the first half: `fit`, 1,000 queries": ("npy", neighbors),
    "zarr: `fit(shuffle=False)`": ("zarr", fit(False)),
    "zarr: `fit(shuffle=True)`, by its chunks": ("zarr", fit(True)),
}
ALL_ROWS = "`fit(shuffle=True)`"


def write_files(folder, cifar10, n_images):
    """Write the images as .npy and as zarr, and their labels."""
    source = load_cifar10(cifar10) if cifar10 else make_shapes(20_000, random_state=0)
    images = source.data.reshape(-1, 32, 32, 3)
    rng = np.random.RandomState(0)
    rows = open_memmap(Path(folder, "images.npy"), "w+", np.uint8, (n_images, 3072))
    y = np.empty(n_images, np.int64)
    for start in range(0, n_images, ROWS):
        part = slice(start, min(start + ROWS, n_images))
        chosen = rng.randint(len(images), size=part.stop - part.start)
        shifted = np.roll(images[chosen], rng.randint(-4, 5, size=2), axis=(1, 2))
        mirrored = shifted[:, :, :: rng.choice([-1, 1])]
        rows[part], y[part] = mirrored.reshape(len(chosen), -1), source.target[chosen]
    rows.flush()
    np.save(Path(folder, "y.npy"), y)
    try:
        import zarr
    except ImportError:
        return
    chunks = zarr.create_array(
        Path(folder, "images.zarr"), shape=rows.shape, chunks=(512, 3072), dtype=np.uint8
    )
    for start in range(0, n_images, ROWS):
        chunks[start : start + ROWS] = rows[start : start + ROWS]


@contextmanager
def control_group(megabytes):
    """A group whose processes may take so much memory, files included; yield its process list."""
    old, new = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    group = (old if old.exists() else new) / f"sk231n-{os.getpid()}"
    try:
        group.mkdir()
        names = ["memory.limit_in_bytes"] if old.exists() else ["memory.max", "memory.swap.max"]
        (group / names[0]).write_text(str(megabytes * 2**20))
        if len(names) > 1 and (group / names[1]).exists():
            (group / names[1]).write_text("0")
    except OSError as error:
        sys.exit(f"No limit of memory can be set here ({error}); run this as the superuser.")
    try:
        yield group / "cgroup.procs"
    finally:
        for _ in range(100):
            try:
                group.rmdir()
                break
            except OSError:  # a process is still ending
                time.sleep(0.1)


def measure(name, folder, processes, patience):
    """Seconds of a work in a process of its own, or None if it took longer than the patience."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")

    def join():
        processes.write_text(str(os.getpid()))

    command = [sys.executable, __file__, "--work", name, "--folder", folder]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=patience, preexec_fn=join
        )
    except subprocess.TimeoutExpired:
        return None
    if run.returncode:
        sys.exit(f"{name} failed: {run.stderr}")
    return float(run.stdout)


def work(name, folder):
    """Print the seconds of a work, imports excluded."""
    kind, run = WORKS.get(name, ("npy", fit(True)))
    if kind == "zarr":
        import zarr

        X = zarr.open(Path(folder, "images.zarr"), mode="r")
    else:
        X = np.load(Path(folder, "images.npy"), mmap_mode="r")
    y = np.load(Path(folder, "y.npy"))
    start = time.perf_counter()
    run(X, y, folder)
    print(time.perf_counter() - start)


def accuracies(cifar10, n_seeds=3):
    """Accuracy on held-out photographs by how the others are shuffled, and by their order."""
    photographs = load_cifar10(cifar10)
    X, y = photographs.data[:40_000], photographs.target[:40_000]
    X_test, y_test = photographs.data[40_000:], photographs.target[40_000:]
    by_class = np.argsort(y, kind="stable")
    models = {
        "`SoftmaxClassifier()`": SoftmaxClassifier(),
        "`MLPClassifier((256,), max_iter=8)`": MLPClassifier((256,), max_iter=8),
    }
    rows = []
    for name, model in models.items():
        for order, rows_used in {"any": slice(None), "by class": by_class}.items():
            scores = {}
            for shuffle in (True, "chunks"):
                scores[str(shuffle)] = statistics.mean(
                    model.set_params(shuffle=shuffle, random_state=seed)
                    .fit(X[rows_used], y[rows_used])
                    .score(X_test, y_test)
                    for seed in range(n_seeds)
                )
            rows.append({"model": name, "order": order, **scores})
            print(rows[-1], flush=True)
    return {"seeds": n_seeds, "rows": rows}


def main():
    """Print the seconds of each work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", type=Path)
    parser.add_argument("--images", type=int, default=400_000)
    parser.add_argument("--limit", type=int, default=400, help="in MB")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--patience", type=float, default=600, help="in seconds")
    parser.add_argument("--folder", help="where the files are to be written")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.folder)
        return
    seconds = {}
    with (
        control_group(arguments.limit) as processes,
        tempfile.TemporaryDirectory(dir=arguments.folder) as folder,
    ):
        write_files(folder, arguments.cifar10, arguments.images)
        kinds = {path.suffix[1:] for path in Path(folder).iterdir()}
        for _ in range(arguments.repeats):
            for name in WORKS:
                if WORKS[name][0] in kinds:
                    seconds.setdefault(name, []).append(measure(name, folder, processes, None))
                    print(f"{name}: {seconds[name][-1]:.1f} s", flush=True)
        all_rows = measure(ALL_ROWS, folder, processes, arguments.patience)
    result = {
        "images": "photographs of CIFAR-10" if arguments.cifar10 else "drawn shapes",
        "n": arguments.images,
        "megabytes": arguments.images * 3072 / 1e6,
        "limit": arguments.limit,
        "repeats": arguments.repeats,
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "all rows": all_rows,
        "patience": arguments.patience,
    }
    chunks, in_order = (result["seconds"][name] for name in ('`fit(shuffle="chunks")`',
                                                             "`fit(shuffle=False)`"))  # fmt: skip
    result["ratio"] = chunks / in_order
    print(f"{ALL_ROWS}: {all_rows or f'more than {arguments.patience:.0f}'} s")
    print(f"chunks / in order: {result['ratio']:.2f}")
    if arguments.cifar10:
        result["accuracy"] = accuracies(arguments.cifar10)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
