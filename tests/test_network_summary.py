"""The summary of a network: what the notes and the papers count, from shapes alone."""

import copy
import importlib.util
import math
import pickle
import runpy
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import (
    ConvNetClassifier,
    LinearSVM,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
)
from sk231n.diagnostics import LayerSummary, NetworkSummary, network_summary
from sk231n.initializers import He
from sk231n.layers import (
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    Maxout,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Standardize,
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "architectures.py"
SPEC = importlib.util.spec_from_file_location("architectures", EXAMPLE)
architectures = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(architectures)

RNG = np.random.RandomState(0)
X, Y = RNG.normal(size=(30, 12)), np.arange(30) % 3

# The table of the notes: memory, in values, and weights. Their FC is an affine layer.
OF_THE_NOTES = [
    ("INPUT", (224, 224, 3), 150e3, 0),
    ("CONV3-64", (224, 224, 64), 3.2e6, 1_728),
    ("CONV3-64", (224, 224, 64), 3.2e6, 36_864),
    ("POOL2", (112, 112, 64), 800e3, 0),
    ("CONV3-128", (112, 112, 128), 1.6e6, 73_728),
    ("CONV3-128", (112, 112, 128), 1.6e6, 147_456),
    ("POOL2", (56, 56, 128), 400e3, 0),
    ("CONV3-256", (56, 56, 256), 800e3, 294_912),
    ("CONV3-256", (56, 56, 256), 800e3, 589_824),
    ("CONV3-256", (56, 56, 256), 800e3, 589_824),
    ("POOL2", (28, 28, 256), 200e3, 0),
    ("CONV3-512", (28, 28, 512), 400e3, 1_179_648),
    ("CONV3-512", (28, 28, 512), 400e3, 2_359_296),
    ("CONV3-512", (28, 28, 512), 400e3, 2_359_296),
    ("POOL2", (14, 14, 512), 100e3, 0),
    ("CONV3-512", (14, 14, 512), 100e3, 2_359_296),
    ("CONV3-512", (14, 14, 512), 100e3, 2_359_296),
    ("CONV3-512", (14, 14, 512), 100e3, 2_359_296),
    ("POOL2", (7, 7, 512), 25e3, 0),
    ("FC", (4096,), 4096, 102_760_448),
    ("FC", (4096,), 4096, 16_777_216),
    ("FC", (1000,), 1000, 4_096_000),
]
KINDS = {"INPUT": "input", "POOL2": "MaxPool2D", "FC": "Affine"}


def of_example(name):
    make_layers, shape, n_classes, _ = architectures.NETWORKS[name]
    return network_summary(make_layers(), shape, n_classes)


def sizes(*arrays):
    return sum(np.size(array) for array in arrays)


# What the notes and the papers say ---------------------------------------------------------------


def test_vgg16_row_by_row():
    summary = of_example("vgg16")
    rows = [row for row in summary.layers if not row.name.startswith(("ReLU", "Dropout"))]
    for row, (name, shape, n_values, n_weights) in zip(rows, OF_THE_NOTES, strict=True):
        kind, _, n_filters = name.partition("-")
        assert row.name.startswith(f"Conv2D({n_filters})" if n_filters else KINDS[kind])
        assert row.output_shape == shape
        assert row.n_values == math.prod(shape) == pytest.approx(n_values, rel=0.01)
        assert row.n_parameters == n_weights + (shape[-1] if n_weights else 0)
        assert row.multiply_adds == n_weights * math.prod(shape[:-1])
        assert row.n_bytes == 4 * row.n_values
    assert summary.n_parameters == 138_357_544
    # "24M * 4 bytes ~= 93MB" is not the sum of these rows.
    assert sum(row.n_values for row in rows) == 15_237_608
    assert 4 * sum(n_values for _, _, n_values, _ in OF_THE_NOTES) == pytest.approx(61e6, rel=0.01)


def test_first_layer_of_alexnet():
    summary = of_example("alexnet")
    first = summary.layers[1]
    assert first.output_shape == (55, 55, 96)
    assert first.n_values == 290_400
    assert first.n_parameters == 34_944
    assert first.multiply_adds == 290_400 * 363
    assert first.n_values * (363 + 1) == 105_705_600  # parameters, were they not shared
    assert [row.output_shape[0] for row in summary.layers if "Pool" in row.name] == [27, 13, 6]
    with pytest.raises(ValueError, match=r"Layer 1 of 20, Conv2D.*224.* = 54\.25"):
        network_summary(architectures.alexnet(), (224, 224, 3), 1000)


@pytest.mark.parametrize(
    ("name", "n_parameters", "multiply_adds"),
    [
        ("lenet5", 61_706, 416_520), ("alexnet", 62_378_344, 1_135_256_096),
        ("zfnet", 62_357_608, 1_240_653_824), ("vgg16", 138_357_544, 15_470_264_320),
        ("resnet50", 25_557_032 + 26_560, 3_857_973_248), ("resnet20", 269_722 + 688, 40_551_040),
    ],
)  # fmt: skip
def test_totals_of_the_examples(name, n_parameters, multiply_adds):
    summary = of_example(name)
    assert summary.n_parameters == n_parameters
    assert summary.multiply_adds == multiply_adds
    make_layers, shape, n_classes, _ = architectures.NETWORKS[name]
    network = Network([*make_layers(), Affine(n_classes)], shape)
    statistics = sum(
        math.prod(shapes[name])
        for layer, shapes in zip(network.layers, network.layout.shapes, strict=True)
        for name in layer.statistics
    )
    assert network.layout.size == n_parameters + statistics
    assert [row.output_shape for row in summary.layers] == [
        *network.input_shapes, network.output_shape
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("blocks", "n_parameters"),
    [((3, 4, 6, 3), 25_557_032), ((3, 4, 23, 3), 44_549_160), ((3, 8, 36, 3), 60_192_808)],
)
def test_intercepts_are_what_resnets_have_more(blocks, n_parameters):
    """Each filter has one, and a normalization with a scale and a shift behind it."""
    layers = architectures.resnet(blocks)
    filters = [64]
    for stage, n_blocks in enumerate(blocks):
        width = 64 * 2**stage
        filters += [width, width, 4 * width] * n_blocks + [4 * width]
    summary = network_summary(layers, (224, 224, 3), 1000)
    assert architectures.n_intercepts(layers, (224, 224, 3)) == sum(filters)
    assert summary.n_parameters == n_parameters + sum(filters)
    assert [row.output_shape for row in summary.layers][-3] == (7, 7, 2048)


@pytest.mark.parametrize(("n", "millions"), [(3, 0.27), (5, 0.46), (9, 0.85), (18, 1.7)])
def test_small_resnets(n, millions):
    layers = architectures.resnet_cifar(n)
    n_convolutions = sum(2 for layer in layers if isinstance(layer, Residual)) + 1
    assert n_convolutions + 1 == 6 * n + 2  # the paper counts layers with weights
    summary = network_summary(layers, (32, 32, 3), 10)
    n_parameters = summary.n_parameters - architectures.n_intercepts(layers, (32, 32, 3))
    assert n_parameters / 1e6 == pytest.approx(millions, abs=0.06 if n == 18 else 0.006)


def test_the_shortcut_of_the_example():
    layer, x = architectures.Subsample(3), RNG.normal(size=(2, 5, 4, 2))
    y, backward = layer.forward(None, x)
    assert y.shape[1:] == layer.output_shape((5, 4, 2)) == (3, 2, 3)
    np.testing.assert_array_equal(y[..., :2], x[:, ::2, ::2])
    assert not y[..., 2].any()
    dy = RNG.normal(size=y.shape)
    assert np.vdot(dy, y) == pytest.approx(np.vdot(backward(dy, None), x))  # it is linear


def test_the_script(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [EXAMPLE.name])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.isascii()
    for said in (
        "The paper has 60,000 parameters.", "60,965,224 parameters", "55 x 55 x 96 are 290,400",
        "15,237,608 values, 61.0 MB", "102,760,448 of them", "107,627,624 parameters",
        "25,583,592 - 26,560 = 25,557,032", "ResNet-20 269,722 0.27",
    ):  # fmt: skip
        assert said in printed


def test_the_script_knows_its_networks(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [EXAMPLE.name, "lenet5", "lenet6"])
    with pytest.raises(SystemExit):
        architectures.main()
    assert "'lenet6' is none of lenet5, alexnet" in capsys.readouterr().err


# What is counted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape", "output", "n_parameters", "multiply_adds"),
    [
        (Conv2D(5), (8, 6, 2), (8, 6, 5), 95, 48 * 90),
        (Conv2D(5, (1, 3), stride=2), (8, 6, 2), (4, 3, 5), 35, 12 * 30),
        (Conv2D(5, 3, dilation=2, padding="valid"), (8, 6, 2), (4, 2, 5), 95, 8 * 90),
        (Affine(7), (8, 6, 2), (7,), 679, 672), (Affine(7, intercept=False), (4,), (7,), 28, 28),
        (BatchNorm(), (8, 6, 2), (8, 6, 2), 4, 0), (BatchNorm(), (9,), (9,), 18, 0),
        (LayerNorm(), (8, 6, 2), (8, 6, 2), 4, 0), (Standardize(), (8, 6, 2), (8, 6, 2), 0, 0),
        (MaxPool2D(3, 2), (8, 6, 2), (3, 2, 2), 0, 0), (Flatten(), (8, 6, 2), (96,), 0, 0),
        (AveragePool2D((2, 3)), (8, 6, 2), (4, 2, 2), 0, 0), (Maxout(3), (9,), (3,), 0, 0),
        (GlobalAveragePool2D(), (8, 6, 2), (2,), 0, 0), (Dropout(), (5,), (5,), 0, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else None,
)  # fmt: skip
def test_layers(layer, shape, output, n_parameters, multiply_adds):
    before, row = network_summary([layer], shape, batch_size=3).layers
    assert before == ("input", shape, math.prod(shape), 0, 0, 12 * math.prod(shape))
    n_values = math.prod(output)
    assert row[1:] == (output, n_values, n_parameters, multiply_adds, 12 * n_values)


def test_multiply_adds_are_those_of_the_loops():
    """Counted in a convolution without padding: each output sums what one filter covers."""
    layer, shape = Conv2D(4, (2, 3), stride=(2, 1), padding="valid"), (6, 5, 3)
    n = 0
    for i in range(0, 6 - 2 + 1, 2):
        for j in range(0, 5 - 3 + 1):
            for _ in range(4):
                n += np.ones(shape)[i : i + 2, j : j + 3].size
    assert network_summary([layer], shape).multiply_adds == n


class Depthwise(Layer):
    """A layer of a user's own: one filter per channel, a running mean, a gain."""

    weights = ("filters",)
    statistics = ("seen",)

    def __init__(self, size=3, words=None):
        self.size = size
        self.words = words

    def shapes(self, input_shape):
        n_channels = input_shape[2]
        return {"filters": (self.size, self.size, n_channels), "seen": (99,), "gain": (n_channels,)}


def test_a_layer_of_ones_own():
    row = network_summary([Depthwise(5)], (8, 6, 2)).layers[1]
    assert row == ("Depthwise(5)", (8, 6, 2), 96, 50 + 2, 48 * 50, 4 * 96)


def test_a_residual_block_is_the_sum_of_its_layers():
    inner = [Conv2D(8, stride=2), BatchNorm(), ReLU(), Conv2D(8), BatchNorm()]
    shortcut = [Conv2D(8, 1, stride=2), BatchNorm()]
    summary = network_summary([Residual(inner, shortcut), ReLU()], (16, 16, 4), batch_size=2)
    ways = [network_summary(layers, (16, 16, 4), batch_size=2).layers[1:]
            for layers in (inner, shortcut)]  # fmt: skip
    rows = [row for way in ways for row in way]
    block = summary.layers[1]
    assert len(summary.layers) == 3
    assert block.name == "Residual"
    assert block.output_shape == (8, 8, 8)
    assert block.n_values == sum(row.n_values for row in rows) + 8 * 8 * 8
    assert block.n_parameters == sum(row.n_parameters for row in rows)
    assert block.multiply_adds == sum(row.multiply_adds for row in rows)
    assert block.n_bytes == 8 * block.n_values
    assert summary.n_parameters == block.n_parameters
    nested = network_summary([Residual([Residual(inner, shortcut[0])], shortcut)], (16, 16, 4))
    assert nested.multiply_adds == block.multiply_adds + ways[1][0].multiply_adds


def test_shapes_and_parameters_are_those_of_a_network_that_computes():
    layers, shape = architectures.resnet_cifar(1), (9, 8, 3)
    network = Network([*layers, Affine(4)], shape)
    views = network.layout.views(network.initialize(np.random.RandomState(0), np.float32))
    outputs = network.outputs(views, RNG.normal(size=(5, *shape)).astype(np.float32))
    rows = network_summary(layers, shape, 4, batch_size=5).layers[1:]
    assert [row.output_shape for row in rows] == [y.shape[1:] for y in outputs]
    for row, y in zip(rows, outputs, strict=True):
        assert row.name == "Residual" or row.n_bytes == y.nbytes


def test_totals_and_batches():
    layers = [Conv2D(16, 5), ReLU(), MaxPool2D(), BatchNorm()]
    one, many = (network_summary(layers, (32, 32, 3), 10, batch_size=n) for n in (1, 64))
    assert [row.n_bytes * 64 for row in one.layers] == [row.n_bytes for row in many.layers]
    assert [row[:5] for row in one.layers] == [row[:5] for row in many.layers]
    for name in ("n_values", "n_parameters", "multiply_adds", "n_bytes"):
        for summary in (one, many):
            assert getattr(summary, name) == sum(getattr(row, name) for row in summary.layers)
    assert many.batch_size == 64
    assert "outputs for 64 samples" in str(many)
    assert "outputs for 1 sample," in str(one)


@pytest.mark.parametrize("shape", [(8, 8), [8, 8], (8, 8, 1), np.array([8, 8]).tolist()])
def test_grey_images(shape):
    assert network_summary([Conv2D(2)], shape).layers[0].output_shape == (8, 8, 1)


@pytest.mark.parametrize("shape", [64, (64,), np.int64(64)])
def test_rows(shape):
    summary = network_summary([Affine(3)], shape)
    assert [row.output_shape for row in summary.layers] == [(64,), (3,)]


def test_small_integers_of_numpy_do_not_overflow():
    layers = [Conv2D(np.int16(300), np.int8(3)), Affine(np.int16(30_000))]
    summary = network_summary(layers, (np.int16(200), np.int16(200), 3))
    assert summary.layers[1].name == "Conv2D(300)"
    assert summary.layers[2].n_parameters == 300 * 200 * 200 * 30_000 + 30_000
    assert all(type(n) is int for row in summary.layers for n in (*row.output_shape, *row[2:]))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Conv2D(9, 4, stride=4, padding="valid"), "Conv2D(9, size=4, stride=4, padding='valid')"),
        (Conv2D(8, (1, 3), padding=2), "Conv2D(8, size=(1, 3), padding=2)"),
        (Affine(10, He(), max_norm=3.0), "Affine(10)"),
        (Affine(10, intercept=False), "Affine(10, intercept=False)"),
        (MaxPool2D((2, 2)), "MaxPool2D"), (MaxPool2D([3, 3]), "MaxPool2D(3)"),
        (MaxPool2D(), "MaxPool2D"), (MaxPool2D(3, [2, 1]), "MaxPool2D(3, stride=(2, 1))"),
        (LeakyReLU(0.2), "LeakyReLU"), (Residual([ReLU()], [Dropout()]), "Residual"),
        (Depthwise(3, np.str_("a")), "Depthwise(words='a')"),
        (Depthwise(words=["a", None]), "Depthwise"), (Depthwise(words=np.ones(3)), "Depthwise"),
    ],
)  # fmt: skip
def test_names(layer, name):
    assert network_summary([layer], (12, 12, 3)).layers[1].name == name


# Estimators --------------------------------------------------------------------------------------

ESTIMATORS = [
    MLPClassifier((7, 5), normalization="batch", dropout=0.5),
    MLPClassifier((), max_norm=2.0), MLPClassifier(6, "maxout", normalization="layer"),
    MLPClassifier((4,), Maxout(3), loss="hinge"), MLPRegressor((6,), "tanh"),
    SoftmaxClassifier(), LinearSVM(strategy="one_vs_rest"),
]  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
@pytest.mark.parametrize("shape", [(12,), (4, 3), (2, 2, 3), 12])
def test_unfitted_equals_fitted(estimator, shape):
    estimator = clone(estimator).set_params(max_iter=1, random_state=0)
    y = np.stack([Y, Y, Y], axis=1) + 0.5 if isinstance(estimator, MLPRegressor) else Y
    before = dict(vars(estimator))
    unfitted = network_summary(estimator, shape, 3, batch_size=20)
    assert vars(estimator) == before
    estimator.fit(X, y)
    assert network_summary(estimator, batch_size=20) == unfitted
    assert network_summary(estimator, shape, 3, batch_size=20) == unfitted
    assert unfitted.layers[0].output_shape == (12,)
    assert unfitted.layers[-1].output_shape == (3,)
    if hasattr(estimator, "coef_"):
        expected = sizes(estimator.coef_, estimator.intercept_)
    else:
        expected = sizes(*estimator.coefs_) + sizes(*estimator.intercepts_)
        expected += sum(sizes(n["scale"], n["shift"]) for n in estimator.normalizations_)
    assert unfitted.n_parameters == expected


def test_several_labels():
    model = MLPClassifier((5,), max_iter=1, random_state=0)
    labels = (RNG.uniform(size=(30, 4)) > 0.5).astype(int)
    unfitted = network_summary(model, (12,), 4)
    assert network_summary(model.fit(X, labels)) == unfitted


def test_a_fitted_estimator_is_as_it_was_fitted():
    model = MLPClassifier((5,), max_iter=1, random_state=0).fit(X, Y)
    expected = network_summary(model)
    before = copy.copy(vars(model))
    assert network_summary(model.set_params(hidden_layer_sizes=(50,))) == expected
    assert vars(model).keys() == before.keys()


@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 24), (192,), 50])
@pytest.mark.parametrize(
    "architecture",
    [((4, 5), (6,)), [Conv2D(3), Residual([Conv2D(3), BatchNorm()]), GlobalAveragePool2D()]],
    ids=["blocks", "layers"],
)
def test_networks_of_convolutions(shape, architecture):
    model = ConvNetClassifier(architecture, (7,), max_iter=1, random_state=0)
    images = RNG.randint(0, 256, size=(30, *np.atleast_1d(shape)), dtype=np.uint8)
    unfitted = network_summary(model, shape, 3)
    model.fit(images, Y)
    assert network_summary(model) == network_summary(model, shape, 3) == unfitted
    assert unfitted.layers[0].output_shape == (*model.image_shape_, 1)[:3]
    expected = sizes(*model.coefs_) + sizes(*model.intercepts_)
    for arrays in model.normalizations_:
        expected += sum(
            sizes(array) for name, array in arrays.items() if name.startswith(("scale", "shift"))
        )
    assert unfitted.n_parameters == expected


def test_an_argument_that_says_the_shape():
    model = ConvNetClassifier(image_shape=(8, 8))
    expected = network_summary(ConvNetClassifier(), (8, 8), 3)
    for shape in (None, (8, 8), (8, 8, 1), 64):
        assert network_summary(model, shape, n_classes=3) == expected
    for shape in ((8, 8, 3), (4, 16), 65):
        with pytest.raises(ValueError, match=r"ConvNetClassifier has image_shape=\(8, 8\)"):
            network_summary(model, shape, n_classes=3)


def test_an_architecture_that_does_not_fit():
    with pytest.raises(ValueError, match=r"(?s)do not fit images of shape.*layer by layer"):
        network_summary(ConvNetClassifier(((4,),) * 4), (8, 8, 3), 3)


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thing", "match"),
    [
        (make_pipeline(StandardScaler(), SoftmaxClassifier()), "Pipeline.*pass the last step"),
        (StandardScaler(), "StandardScaler"), (MLPClassifier, "the class MLPClassifier"),
        (Conv2D(3), "estimator_or_layers"), (None, "estimator_or_layers"),
        ("vgg16", "estimator_or_layers"),
        ([Conv2D(3), "relu"], "must hold layers such as .*'relu'"),
        ([Conv2D], "must hold layers"), ([[Conv2D(3)]], "must hold layers"),
    ],
    ids=str,
)  # fmt: skip
def test_what_has_no_layers(thing, match):
    with pytest.raises(TypeError, match=match):
        network_summary(thing, (8, 8, 3), 10)


@pytest.mark.parametrize(
    "shape",
    [(), (0, 3), (8, 8, 3, 1), (8.0, 8), "88", (True, 8), (-1,), 0, None, 2.5, {8}, ("8", "8")],
    ids=str,
)
def test_what_is_no_shape(shape):
    with pytest.raises(ValueError, match="image_shape"):
        network_summary([Affine(3)], shape)
    with pytest.raises(ValueError, match="image_shape"):
        network_summary(MLPClassifier(), shape, 3)


@pytest.mark.parametrize("name", ["n_classes", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3", np.nan, [3]], ids=str)
def test_what_is_no_number(name, value):
    for thing in ([Affine(3)], MLPClassifier()):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of network_summary"):
            network_summary(thing, (8, 8), **{name: value})


def test_what_an_unfitted_estimator_lacks():
    for arguments in ({}, {"n_classes": 3}, {"image_shape": (8, 8)}):
        with pytest.raises(ValueError, match=r"MLPClassifier is not fitted.*needs image_shape"):
            network_summary(MLPClassifier(), **arguments)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        network_summary(MLPClassifier((0,)), (8, 8), 3)


def test_what_a_fitted_estimator_contradicts():
    model = SoftmaxClassifier(max_iter=1).fit(X, Y)
    with pytest.raises(ValueError, match=r"image_shape=\(5, 5, 1\), but .* with \(12,\)"):
        network_summary(model, (5, 5))
    with pytest.raises(ValueError, match=r"n_classes=4.*fitted with 3"):
        network_summary(model, n_classes=4)


def test_parts_are_checked():
    with pytest.raises(ValueError, match="stride"):
        network_summary([Conv2D(3, stride=0)], (8, 8))
    with pytest.raises(ValueError, match="n_filters"):
        network_summary([Residual([Conv2D(-1)])], (8, 8))


def test_images_that_shrink_to_nothing():
    layers = [layer for _ in range(4) for layer in (Conv2D(8, padding="valid"), MaxPool2D())]
    with pytest.raises(ValueError) as caught:
        network_summary(layers, (32, 32, 3), 10)
    first, *table = str(caught.value).splitlines()
    assert first.startswith("Layer 7 of 9, Conv2D(8, padding='valid'), does not fit its input. ")
    assert "(W - F + 2P) / S + 1 = (2 - 3 + 0) / 1 + 1 = 0" in first
    assert table == [
        "The shapes so far:",
        "layer                            output",
        "input                       32 x 32 x 3",
        "Conv2D(8, padding='valid')  30 x 30 x 8",
        "MaxPool2D                   15 x 15 x 8",
        "Conv2D(8, padding='valid')  13 x 13 x 8",
        "MaxPool2D                     6 x 6 x 8",
        "Conv2D(8, padding='valid')    4 x 4 x 8",
        "MaxPool2D                     2 x 2 x 8",
    ]


def test_a_layer_of_images_behind_one_of_rows():
    with pytest.raises(ValueError, match=r"(?s)Layer 2 of 2, Conv2D\(4\).*\(10,\).*Affine\(10\)"):
        network_summary([Affine(10), Conv2D(4)], (8, 8))


def test_errors_inside_of_a_residual_block():
    block = Residual([Conv2D(4), MaxPool2D(9)])
    with pytest.raises(ValueError, match=r"(?s)Layer 2 of 2, Residual.*Layer 2 of 2, MaxPool2D"):
        network_summary([ReLU(), block], (8, 8))
    with pytest.raises(ValueError, match=r"(?s)Layer 1 of 1, Residual.*must be equal"):
        network_summary([Residual([Conv2D(4)])], (8, 8, 3))


@pytest.mark.parametrize(
    ("method", "match"),
    [
        ({"output_shape": lambda self, shape: (0, 2)}, r"\(0, 2\), which is empty"),
        ({"shapes": lambda self, shape: {"W": (0,)}}, "the shape of W"),
        ({"weights": ("W",)}, "tuples of names out of"),
    ],
)
def test_layers_of_ones_own_that_are_wrong(method, match):
    layer = type("Own", (Layer,), method)()
    with pytest.raises(ValueError, match=rf"(?s)Layer 2 of 2, Own, .*{match}.*so far"):
        network_summary([ReLU(), layer], (8, 8))


# How it is computed, and shown -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vgg16", "resnet50"])
def test_nothing_is_allocated(name):
    make_layers, shape, n_classes, _ = architectures.NETWORKS[name]
    layers = make_layers()
    network_summary(layers, shape, n_classes)
    tracemalloc.start()
    try:
        network_summary(layers, shape, n_classes, batch_size=1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_it_takes_milliseconds():
    layers = architectures.vgg16()
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        network_summary(layers, (224, 224, 3), 1000)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1


NASTY = "<script>alert('x')</script> & \"co\""


def test_html_is_escaped():
    row = LayerSummary(NASTY, (2,), 2, 0, 0, 8)
    for html in (row._repr_html_(), NetworkSummary([row])._repr_html_()):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    html = network_summary([Depthwise(words=NASTY)], (8, 8, 2))._repr_html_()
    assert "<script" not in html


@pytest.mark.parametrize(
    ("n_bytes", "shown"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_951, "1.0 MB"),
        (12_845_056, "12.8 MB"), (4 * 10**12, "4.0 TB"), (10**21, "1000000.0 PB"),
    ],
)  # fmt: skip
def test_bytes_have_units(n_bytes, shown):
    text = str(NetworkSummary([LayerSummary("input", (1,), 1, 0, 0, n_bytes)]))
    assert text.splitlines()[1].endswith(f"  {shown}")


def test_it_is_a_value():
    summary = network_summary([Conv2D(3)], (8, 8))
    assert pickle.loads(pickle.dumps(summary)) == summary
    with pytest.raises(AttributeError):
        summary.layers = []


def test_no_layers():
    assert [row.name for row in network_summary([], (8, 8)).layers] == ["input"]
    assert [row.name for row in network_summary((), 4, 2).layers] == ["input", "Affine(2)"]
