"""How fast models are as ONNX graphs, one image at a time and a thousand.

    python benchmarks/onnx_graphs.py --cifar10 DIR [--json FILE]

A model and its graph run in one process, in turn, with a pause of 0.2 s before each (the threads of
the previous one may still be spinning); the medians of the repeats are shown, the first being left
out. onnxruntime runs with its defaults, which is a thread for each core, and with one thread. Of
single images a repeat predicts fifty. Without --cifar10 the images are those of ``make_shapes``.
It needs the extra `onnx`, and onnxruntime.

The environment variables OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, where set, slow NumPy down; the
kernel in use is printed.

(A script of the name onnx.py would be imported in place of the package.)
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import onnxruntime
from convnet import load_images, machine
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sk231n import (
    HOG,
    ConvNetClassifier,
    HSVHistogram,
    KNNClassifier,
    MLPClassifier,
    SoftmaxClassifier,
)
from sk231n.onnx import to_onnx

N_TRAIN, N_MANY, N_CALLS = 5000, 1000, 50
MODELS = {
    "HOG, hue histogram, StandardScaler, SoftmaxClassifier": make_pipeline(
        make_union(HOG(), HSVHistogram()), StandardScaler(), SoftmaxClassifier(random_state=0)
    ),
    "SoftmaxClassifier": SoftmaxClassifier(random_state=0),
    "MLPClassifier((100,))": MLPClassifier((100,), max_iter=5, random_state=0),
    "ConvNetClassifier()": ConvNetClassifier(max_iter=1, random_state=0),
    f"KNNClassifier(5) of {N_TRAIN:,}": KNNClassifier(5),
}


def seconds_of(predictors, images, repeats):
    """Median seconds of one prediction of the images by each predictor, in turn."""
    n_calls = N_CALLS if len(images) == 1 else 1
    seconds = {name: [] for name in predictors}
    for _ in range(repeats + 1):
        for name, predict in predictors.items():
            time.sleep(0.2)
            start = time.perf_counter()
            for _ in range(n_calls):
                predict(images)
            seconds[name].append((time.perf_counter() - start) / n_calls)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def session(graph, n_threads=0):
    """Return a function that predicts by a graph; 0 threads are the default."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    running = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda images: running.run(None, {"X": images})[0]


def measure(model, images, repeats):
    """Seconds for one and for many images, the size of the graph, and how labels agree."""
    graph = to_onnx(model, images).SerializeToString()
    run = session(graph)
    predictors = {
        "sk231n": model.predict, "onnxruntime": run, "onnxruntime, one thread": session(graph, 1)
    }  # fmt: skip
    return {
        "megabytes": len(graph) / 2**20,
        "agree": float(np.mean(run(images) == model.predict(images))),
        "one": seconds_of(predictors, images[:1], repeats),
        "many": seconds_of(predictors, images, repeats),
    }


def main():
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here too")
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    X_train, y_train, X_test, _ = load_images(arguments.cifar10)
    images = np.concatenate([X_test, X_train])[:N_MANY]
    X_train, y_train = X_train[:N_TRAIN], y_train[:N_TRAIN]
    kind = "photographs of CIFAR-10" if arguments.cifar10 else "images of make_shapes"
    figures = {"images": f"{kind} of 32x32x3 bytes", "n": len(images), **machine()}
    figures["onnxruntime"] = onnxruntime.__version__
    print("{images}; {processor}, kernel {kernel}, {cores} cores".format(**figures))
    figures["models"] = {}
    for name, model in MODELS.items():
        result = measure(model.fit(X_train, y_train), images, arguments.repeats)
        figures["models"][name] = result
        print(f"\n{name}: {result['megabytes']:.1f} MB, labels agree for {result['agree']:.2%}")
        for n, seconds in ((1, result["one"]), (len(images), result["many"])):
            ours = seconds["sk231n"]
            for who, value in seconds.items():
                print(f"  {n:5} images, {who:24}{1e3 * value:9.3f} ms {ours / value:7.2f} times")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
