"""How fast the networks train compared with scikit-learn and PyTorch, and their memory.

    python benchmarks/neural.py --cifar10 DIR [--json FILE]

The competitors run in one process, in turn, with a pause of 0.2 s before each run (the threads of
the previous one may still be spinning). A run trains for five epochs on float32 photographs with
Adam, and the speeds are medians of the repeats. All minimise the same objective, the mean
cross-entropy without a penalty. PyTorch's loop is the plain one: shuffle, index, forward, backward,
``torch.optim.Adam``, by default and fused; it is left out if torch is not installed. Without
--cifar10 the images are those of ``make_shapes``.
"""

import argparse
import importlib.util
import json
import statistics
import sys
import time
import tracemalloc
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from joblib import cpu_count
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as Sklearn

from sk231n import MLPClassifier

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from mlp_recipes import load_images

RATE = 1e-3
NETWORKS = {
    "3072-100-10, batch 200": {"hidden": (100,), "batch": 200, "regularized": False},
    "3072-512-256-10, batch 128": {"hidden": (512, 256), "batch": 128, "regularized": False},
    "3072-512-256-10, batch 128, batch norm and dropout": {
        "hidden": (512, 256), "batch": 128, "regularized": True,
    },
}  # fmt: skip


def train_ours(X, y, n_epochs, hidden, batch, regularized):
    model = MLPClassifier(
        hidden, alpha=0, batch_size=batch, learning_rate=RATE, max_iter=n_epochs, tol=None,
        normalization="batch" if regularized else None, dropout=0.5 if regularized else 0.0,
    )  # fmt: skip
    model.fit(X, y)


def train_sklearn(X, y, n_epochs, hidden, batch, regularized):
    model = Sklearn(
        hidden, alpha=0, batch_size=batch, learning_rate_init=RATE, max_iter=n_epochs
    )  # fmt: skip
    model.fit(X, y)


def train_torch(X, y, n_epochs, hidden, batch, regularized, fused=None):
    import torch
    from torch import nn

    torch.set_num_threads(cpu_count())
    layers, n_inputs = [], X.shape[1]
    for width in hidden:
        layers.append(nn.Linear(n_inputs, width))
        layers += [nn.BatchNorm1d(width)] if regularized else []
        layers.append(nn.ReLU())
        layers += [nn.Dropout(0.5)] if regularized else []
        n_inputs = width
    network = nn.Sequential(*layers, nn.Linear(n_inputs, int(y.max()) + 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=fused)
    loss = nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)
    for _ in range(n_epochs):
        for rows in torch.randperm(len(X)).split(batch):
            optimizer.zero_grad()
            loss(network(inputs[rows]), targets[rows]).backward()
            optimizer.step()


def duel(X, y, repeats, network, n_epochs=5):
    """Median samples per second of each competitor, and the ratios, each a median of the turns."""
    competitors = {"sk231n": train_ours}
    if not network["regularized"]:  # scikit-learn has neither
        competitors["scikit-learn"] = train_sklearn
    if importlib.util.find_spec("torch"):
        competitors["PyTorch"] = train_torch
        competitors["PyTorch, fused Adam"] = partial(train_torch, fused=True)
    speeds = {name: [] for name in competitors}
    for _ in range(repeats):
        for name, train in competitors.items():
            time.sleep(0.2)
            start = time.perf_counter()
            train(X, y, n_epochs, **network)
            speeds[name].append(n_epochs * len(X) / (time.perf_counter() - start))
    turns = {name: np.divide(speeds["sk231n"], speed) for name, speed in speeds.items()}
    return {
        "speed": {name: statistics.median(speed) for name, speed in speeds.items()},
        "ratio": {name: statistics.median(ratios) for name, ratios in turns.items()},
        "ratios": {name: [min(ratios), max(ratios)] for name, ratios in turns.items()},
    }


def peak_memory(X, y):
    """Peak memory that ``fit`` allocates, and the size of a batch, in copies of the parameters."""
    model = MLPClassifier((1024, 512), batch_size=100, max_iter=1, tol=None, learning_rate=RATE)
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    parameters = sum(array.nbytes for array in model.coefs_ + model.intercepts_)
    return {"copies": peak / parameters, "batch": 4 * 100 * X.shape[1] / parameters}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, default=10000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    data = load_images(arguments.cifar10)
    X = (data[0].reshape(len(data[0]), -1)[: arguments.samples] / 255).astype(np.float32)
    y = np.asarray(data[1][: arguments.samples], dtype=np.int64)
    source = "photographs of CIFAR-10" if arguments.cifar10 else "coloured shapes of make_shapes"
    images = f"{len(X):,} {source}"
    print(f"{images}, float32, Adam, {cpu_count()} threads")

    duels = {}
    for name, network in NETWORKS.items():
        duels[name] = duel(X, y, arguments.repeats, network)
        print(f"\n{name}\n{'':20}{'samples/s':>10}  sk231n is faster by (least, most)")
        for peer, speed in duels[name]["speed"].items():
            low, high = duels[name]["ratios"][peer]
            print(f"{peer:20}{speed:10,.0f}  {duels[name]['ratio'][peer]:.2f}"
                  f" ({low:.2f}, {high:.2f})")  # fmt: skip

    memory = peak_memory(X[:2000], y[:2000])
    print(
        f"\npeak memory of fit, 3072-1024-512-10: {memory['copies']:.2f} copies of the parameters;"
        f" a batch is {memory['batch']:.2f}"
    )
    if arguments.json:
        figures = {
            "images": images, "cores": cpu_count(), "duels": duels, "memory": memory,
        }  # fmt: skip
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
