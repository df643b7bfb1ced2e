"""Write the models of this version, which every later version must be able to load.

    python tests/pickles/write.py

makes ``<version>.pkl.gz`` and ``<version>.skops`` beside this file, once for each release. Both
hold a dict of cases: a fitted model, data, and what each of its methods makes of them.
"""

import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import skops.io

import sk231n
from sk231n import (
    HOG,
    BiasTrick,
    ColorMoments,
    ConvNetClassifier,
    Flatten,
    HSVHistogram,
    ImageReader,
    KNNClassifier,
    KNNClassifierCV,
    LinearSVM,
    MeanSubtraction,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.augmentation import Mirror, Shift
from sk231n.datasets import make_shapes
from sk231n.initializers import Glorot
from sk231n.layers import BatchNorm, Conv2D, LayerNorm, LeakyReLU, MaxPool2D, ReLU, Residual
from sk231n.losses import CrossEntropy
from sk231n.optimizers import Momentum
from sk231n.penalties import ElasticNet
from sk231n.schedules import OneCycle, Plateau

HERE = Path(__file__).parent
TRAINED = ("decision_function", "predict")


def fitted_models():
    """Every estimator, fitted in the ways that leave different things behind.

    Returns
    -------
    dict
        By name of the case: "model", some of its training data "X" and "y", and "results", a dict
        of what its methods return for X.
    """
    shapes = make_shapes(30, image_size=8, n_classes=3, random_state=0)
    images, y = shapes.images, shapes.target
    rows = images.reshape(len(images), -1)
    few = rows[:, :3] / 255
    names = np.array(["disc", "ring", "square"])[y]
    labels = np.stack([y == 0, y > 0, y == 2], axis=1).astype(int)
    quantities = rows[:, 3:5] / 100
    many = np.random.RandomState(0).randint(-9, 10, (1000, 2))
    layers = [Conv2D(4), BatchNorm(), ReLU(), MaxPool2D(), Residual([Conv2D(4), LayerNorm()])]
    short = {"max_iter": 2, "random_state": 0}

    cases = {}

    def add(name, model, X, y=None, methods=("transform",), stream=False):
        model = model.fit(X, y)
        if stream:
            model.partial_fit(X, y)
        X, y = X[:15], None if y is None else y[:15]
        results = {method: getattr(model, method)(X) for method in methods}
        cases[name] = {"model": model, "X": X, "y": y, "results": results}

    add("softmax", SoftmaxClassifier(**short), images, names, ("predict_proba", "predict"))
    add("softmax, a stream", SoftmaxClassifier(**short), images, y, TRAINED, stream=True)
    add("softmax, L-BFGS", SoftmaxClassifier(optimizer="lbfgs", alpha=1.0), few, y, TRAINED)
    add("svm", LinearSVM(strategy="crammer_singer", **short), few, y, TRAINED)
    add("svm, two classes", LinearSVM(averaging="ema", **short), few, y == 1, TRAINED)
    add("network", MLPClassifier((6, 5), **short), images, names, (*TRAINED, "predict_proba"))
    parts = {
        "activation": [LeakyReLU(0.1), "maxout"],
        "normalization": BatchNorm(momentum=0.8),
        "dropout": 0.1,
        "loss": CrossEntropy(label_smoothing=0.1),
        "weight_init": Glorot(),
        "penalty": ElasticNet(0.3),
        "optimizer": Momentum(nesterov=True),
        "learning_rate": OneCycle(0.01),
        "augmentation": [Mirror(), Shift(1)],
    }
    add("network of parts", MLPClassifier((6, 5), **parts, **short), images, y, TRAINED)
    add(
        "network, a stream",
        MLPClassifier((6,), normalization="layer", **short),
        images,
        y,
        TRAINED,
        True,
    )
    add("network, several labels", MLPClassifier((6,), **short), rows, labels, TRAINED)
    early = {"early_stopping": True, "learning_rate": Plateau(0.01)}
    add("regressor", MLPRegressor((6,), **early, **short), few, quantities, ("predict",))
    add(
        "regressor, a stream",
        MLPRegressor((6,), **short),
        few,
        quantities[:, 0],
        ("predict",),
        True,
    )
    add("convolutions", ConvNetClassifier([[4], [6]], **short), images, names, TRAINED)
    add(
        "convolutions, a stream", ConvNetClassifier([[4]], **short), images, y, TRAINED, stream=True
    )
    add("convolutions of parts", ConvNetClassifier(layers, (5,), **short), images, y, TRAINED)
    votes = ("predict_proba", "kneighbors")
    for metric in "euclidean", "manhattan", "cosine":
        add(f"neighbours, {metric}", KNNClassifier(3, metric=metric), rows, names, votes)
    add("neighbours, a tree", KNNClassifier(weights="distance"), many, many[:, 0] > 0, votes)
    add("neighbours, the best k", KNNClassifierCV((1, 3), cv=2), rows, y, votes)
    add("HOG", HOG(pixels_per_cell=(4, 4)), images)
    add("hues", HSVHistogram(), images)
    add("moments of colours", ColorMoments(grid=(2, 2)), images)
    add("mean image", MeanSubtraction(), images)
    add("mean of channels", MeanSubtraction(mode="channel"), images.astype(np.float32), stream=True)
    add("bias trick", BiasTrick(), rows)
    add("whitening", Whitening("zca", n_components=5), rows)
    add("whitening, a stream", Whitening(), few, stream=True)
    add("rows", Flatten(), images)
    add("reader", ImageReader((4, 4)), images)
    return cases


if __name__ == "__main__":
    cases, version = fitted_models(), sk231n.__version__
    content = pickle.dumps(cases, protocol=5)
    (HERE / f"{version}.pkl.gz").write_bytes(gzip.compress(content, mtime=0))
    skops.io.dump(cases, HERE / f"{version}.skops", compression=zipfile.ZIP_DEFLATED)
    print(f"{len(cases)} models in {version}.pkl.gz and {version}.skops")
