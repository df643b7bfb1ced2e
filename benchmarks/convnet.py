"""How fast convolutional networks train compared with PyTorch, their memory, and one prediction.

    python benchmarks/convnet.py --cifar10 DIR [--json FILE]
    python benchmarks/convnet.py --cifar10 DIR --recipes [--json FILE]    # the accuracies too

The competitors run in one process, in turn, with a pause of 0.3 s before each run (the threads of
the previous one may still be spinning). A run is one epoch of whole steps, from gathering the batch
of bytes to the update, with Adam and the cross-entropy, float32, batch norm, batches of 128; speeds
are medians of the repeats, the first being left out. PyTorch runs eagerly with its fused Adam,
once in its usual order in memory (``nchw``) and once with channels last; it is left out if torch is
not installed. Without --cifar10 the images are those of ``make_shapes``. With --recipes, the
classifier with its default arguments and the recipes of ``examples/convnet_recipes.py``, or only
those whose names follow, are trained on all training images and judged on the others. Rows of FILE
that are not measured again are kept.

The environment variables OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, where set, slow NumPy down; the
kernel in use is printed.
"""

import argparse
import importlib.util
import json
import platform
import statistics
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
from joblib import cpu_count
from threadpoolctl import threadpool_info

from sk231n import ConvNetClassifier

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from convnet_recipes import RECIPES, accuracies_and_seconds
from mlp_recipes import load_images

RATE, BATCH = 1e-3, 128
ARCHITECTURES = {
    "((32, 32), (64, 64))": ((32, 32), (64, 64)),
    "((64, 64), (128, 128), (256, 256))": ((64, 64), (128, 128), (256, 256)),
}


def machine():
    """Processor, kernel of the BLAS and number of cores."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    blas = [info for info in threadpool_info() if info["user_api"] == "blas"]
    kernels = sorted({str(info.get("architecture", "unknown")) for info in blas})
    return {
        "processor": names[0] if names else platform.processor(),
        "kernel": ", ".join(kernels),
        "cores": cpu_count(),
    }


def ours(images, y, architecture):
    """A function that trains for one epoch."""

    def train():
        model = ConvNetClassifier(
            architecture, alpha=0, batch_size=BATCH, learning_rate=RATE, max_iter=1, tol=None
        )
        model.fit(images, y)

    return train


def pytorch(images, y, architecture, channels_last):
    """A function that trains for one epoch with PyTorch, in one of its orders in memory."""
    import torch
    from torch import nn

    torch.set_num_threads(cpu_count())
    layers, n_inputs = [], 3
    for block in architecture:
        for n_filters in block:
            layers += [
                nn.Conv2d(n_inputs, n_filters, 3, padding=1), nn.BatchNorm2d(n_filters), nn.ReLU()
            ]  # fmt: skip
            n_inputs = n_filters
        layers.append(nn.MaxPool2d(2))
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_inputs, int(y.max()) + 1)]
    network = nn.Sequential(*layers)
    order = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=order)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    inputs = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=order)
    targets = torch.from_numpy(y)
    mean, spread = float(images.mean()), float(images.std())

    def train():
        for rows in torch.randperm(len(images)).split(BATCH):
            x = inputs[rows].contiguous(memory_format=order).float().sub_(mean).div_(spread)
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x), targets[rows]).backward()
            optimizer.step()

    return train


def duel(images, y, architecture, repeats):
    """Median images per second of each competitor, and the ratios, each a median of the turns."""
    competitors = {"sk231n": ours(images, y, architecture)}
    if importlib.util.find_spec("torch"):
        for name, channels_last in (("PyTorch, nchw", False), ("PyTorch, channels_last", True)):
            competitors[name] = pytorch(images, y, architecture, channels_last)
    speeds = {name: [] for name in competitors}
    for turn in range(repeats + 1):
        for name, train in competitors.items():
            time.sleep(0.3)
            start = time.perf_counter()
            train()
            if turn:
                speeds[name].append(len(images) / (time.perf_counter() - start))
    turns = {name: np.divide(speeds["sk231n"], speed) for name, speed in speeds.items()}
    return {
        "speed": {name: statistics.median(speed) for name, speed in speeds.items()},
        "ratio": {name: statistics.median(ratios) for name, ratios in turns.items()},
        "ratios": {name: [min(ratios), max(ratios)] for name, ratios in turns.items()},
    }


def peak_memory(images, y, architecture):
    """Peak memory that ``fit`` allocates beside its data, and the size of the parameters, in MB."""
    model = ConvNetClassifier(
        architecture, batch_size=BATCH, max_iter=1, tol=None, learning_rate=RATE
    )
    tracemalloc.start()
    model.fit(images, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    arrays = [*model.coefs_, *model.intercepts_]
    parameters = sum(array.nbytes for array in arrays)
    return {"peak": peak / 1e6, "parameters": parameters / 1e6}


def one_prediction(images, y, architecture, repeats=50):
    """Milliseconds of the prediction of one image, the median."""
    model = ConvNetClassifier(architecture, max_iter=1, tol=None, learning_rate=RATE)
    model.fit(images[:256], y[:256])
    times = []
    for k in range(repeats):
        start = time.perf_counter()
        model.predict(images[k : k + 1])
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def measure_speed(data, samples, repeats):
    """Duels, memory and single predictions, printed as they come."""
    images = np.ascontiguousarray(data[0][:samples])
    y = np.asarray(data[1][:samples], dtype=np.int64)
    figures = {"duels": {}, "one": {}}
    for name, architecture in ARCHITECTURES.items():
        figures["duels"][name] = fought = duel(images, y, architecture, repeats)
        print(f"\n{name}\n{'':24}{'images/s':>10}  sk231n is faster by (least, most)")
        for peer, speed in fought["speed"].items():
            low, high = fought["ratios"][peer]
            print(f"{peer:24}{speed:10,.0f}  {fought['ratio'][peer]:.2f} ({low:.2f}, {high:.2f})")
        memory = peak_memory(images, y, architecture)
        one = one_prediction(images, y, architecture)
        figures["one"][name] = {"milliseconds": one, **memory}
        print(
            f"one prediction {one:.2f} ms; peak memory of fit {memory['peak']:.0f} MB beside the "
            f"data, the parameters being {memory['parameters']:.1f} MB"
        )
    return figures


def measure_recipes(data, names):
    """Accuracies and seconds of the recipes with these names, of all for none."""
    everyone = {"default": lambda: ConvNetClassifier(random_state=0), **RECIPES}
    rows = {}
    for name in names or everyone:
        rows[name] = row = accuracies_and_seconds(everyone[name](), *data)
        print(
            f"{name:32}{row['accuracy']:.4f}, with the votes of mirror images "
            f"{row['with mirrored votes']:.4f}, in {row['seconds']:.0f} s",
            flush=True,
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--repeats", type=int, default=5, help="0: no measurement of speed")
    parser.add_argument("--samples", type=int, default=2560)
    parser.add_argument("--recipes", nargs="*", metavar="NAME", help="train recipes too")
    arguments = parser.parse_args()
    data = load_images(arguments.cifar10)
    source = "photographs of CIFAR-10" if arguments.cifar10 else "coloured shapes of make_shapes"
    file = Path(arguments.json) if arguments.json else None
    figures = json.loads(file.read_text()) if file and file.exists() else {"recipes": {}}
    figures |= {
        "images": f"{arguments.samples:,} {source}", "trained_on": len(data[0]),
        "tested_on": len(data[2]), **machine(),
    }  # fmt: skip
    print("{images}, float32; {processor}, kernel {kernel}, {cores} cores".format(**figures))
    if arguments.repeats:
        figures |= measure_speed(data, arguments.samples, arguments.repeats)
    if arguments.recipes is not None:
        figures["recipes"] |= measure_recipes(data, arguments.recipes)
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
