"""Shapes of the convolutional classifier: images, architectures, feature maps, decision maps."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sk231n import ConvNetClassifier
from sk231n.layers import (
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Residual,
    Standardize,
    Tanh,
)

RNG = np.random.RandomState(0)
X = RNG.randint(0, 256, (24, 8, 8, 3)).astype(np.uint8)
Y = np.arange(24) % 3
FEW = {"architecture": ((3,),), "max_iter": 2, "random_state": 0}


def few(**arguments):
    return ConvNetClassifier(**{**FEW, **arguments})


def learnt(model):
    return pickle.dumps({k: v for k, v in vars(model).items() if k.endswith("_")})


def refused(model, error, message):
    """The error comes before any work, and a fitted estimator stays as it was."""
    fitted = few().fit(X, Y)
    for one in (clone(model), fitted.set_params(**model.get_params(deep=False))):
        before = learnt(one)
        with pytest.raises(error, match=message) as caught:
            one.fit(X, Y)
        assert learnt(one) == before
    return str(caught.value)


# The shape of images ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "given", "expected"),
    [
        ((8, 8, 3), None, (8, 8, 3)),
        ((8, 24), None, (8, 24)),
        ((6, 5, 5), None, (6, 5, 5)),
        ((8, 8, 1), None, (8, 8, 1)),
        ((192,), None, (8, 8, 3)),
        ((64,), None, (8, 8)),
        ((50,), None, (1, 50)),
        ((1,), None, (1, 1)),
        ((2,), None, (1, 2)),
        ((3,), None, (1, 1, 3)),
        ((192,), (4, 12, 4), (4, 12, 4)),
        ((192,), [12, 16], (12, 16)),
        ((64,), (8, 8, 1), (8, 8, 1)),
        ((8, 8), (8, 8, 1), (8, 8, 1)),
        ((8, 8, 1), np.array((8, 8)).tolist(), (8, 8)),
        ((8, 8, 3), (np.int8(8), 8, 3), (8, 8, 3)),
    ],
    ids=str,
)
@pytest.mark.parametrize("architecture", [((3,),), ((2, 3), (4,))], ids=str)
def test_image_shape(shape, given, expected, architecture):
    images = RNG.standard_normal((12, *shape))
    model = few(image_shape=given, architecture=architecture).fit(images, Y[:12])
    assert model.image_shape_ == expected
    sides = [maps.shape[1:] for maps in model.feature_maps(images)]
    assert sides[0] == (*expected, 1)[:3]
    assert sides[-1] == (3,)
    flat = images.reshape(12, -1)
    np.testing.assert_array_equal(model.decision_function(flat), model.decision_function(images))
    with pytest.raises(ValueError, match=r"features|images of shape"):
        model.predict(images[:, :-1] if shape != (1,) else flat.repeat(2, axis=1))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((8, 8), ValueError, r"image_shape=\(8, 8\), but X holds images of shape \(8, 8, 3\)"),
        ((16, 4, 3), ValueError, r"image_shape=\(16, 4, 3\), but X holds"),
        ((8,), ValueError, "image_shape must be"),
        ((8, 8, 3, 1), ValueError, "image_shape must be"),
        ((8, -8, 3), ValueError, "image_shape must be"),
        ((8, 0, 3), ValueError, "image_shape must be"),
        ((8.0, 8, 3), ValueError, "image_shape must be"),
        (("8", 8, 3), ValueError, "image_shape must be"),
        ((True, 8, 3), ValueError, "image_shape must be"),
        ((), ValueError, "image_shape must be"),
        (64, ValueError, "image_shape"),
        ("8x8", ValueError, "image_shape"),
    ],
    ids=str,
)
def test_wrong_image_shapes(given, error, message):
    refused(few(image_shape=given), error, message)


def test_rows_of_another_length_than_image_shape():
    rows = X.reshape(24, -1)[:, :100]
    with pytest.raises(ValueError, match=r"image_shape=\(8, 8, 3\) means 192 features.*100"):
        few(image_shape=(8, 8, 3)).fit(rows, Y)


@pytest.mark.parametrize("shape", [(4, 16, 3), (16, 12), (8, 24), (8, 8, 4), (7, 8, 3), (9, 9, 3)])
def test_new_images_of_another_shape(shape):
    model = few().fit(X, Y)
    images = np.zeros((2, *shape))
    for method in ("predict", "decision_function", "predict_proba", "feature_maps"):
        with pytest.raises(ValueError, match=r"images of shape|features"):
            getattr(model, method)(images)
    with pytest.raises(ValueError, match=r"images of shape|features"):
        few().fit(X, Y, X_val=images, y_val=[0, 1])


def test_guessed_shapes_are_lenient():
    """Windows of rows are at most as large as the image; those of given images are an error."""
    deep = {"architecture": ((2,), (3,), (4,), (5,)), "pool_size": 3, "kernel_size": 9}
    rows = X.reshape(24, -1)
    model = few(**deep).fit(rows, Y)
    assert [maps.shape[1:3] for maps in model.feature_maps(rows)[4:-2:4]] == [
        (2, 2), (1, 1), (1, 1), (1, 1),
    ]  # fmt: skip
    assert [coef.shape[:2] for coef in model.coefs_[:-1]] == [(9, 9)] * 4
    refused(few(**deep), ValueError, r"kernel_size=9 .* 9 x 9 .* larger than the images of 8 x 8")
    deep["kernel_size"] = 3
    for given in ({}, {"image_shape": (8, 8, 3)}):
        message = refused(few(**deep, **given), ValueError, "do not fit images of shape")
        assert "input: (8, 8, 3)" in message
        assert "MaxPool2D(size=(3, 3)): (2, 2, 2)" in message
        assert message.splitlines()[-1] == "  MaxPool2D(size=(3, 3)): does not fit"
    with pytest.raises(ValueError, match="do not fit images"):
        few(**deep, image_shape=(8, 8, 3)).fit(rows, Y)


def test_lines():
    lines = RNG.standard_normal((12, 50))
    model = few(kernel_size=(3, 5), pool_size=(2, 4)).fit(lines, Y[:12])
    assert model.coefs_[0].shape == (1, 5, 1, 3)
    assert [maps.shape[1:3] for maps in model.feature_maps(lines)[:5]] == [(1, 50)] * 4 + [(1, 12)]
    stack = few(kernel_size=(3, 5), pool_size=(2, 4)).fit(lines[:, None], Y[:12])
    np.testing.assert_array_equal(stack.coefs_[0], model.coefs_[0])


# Architectures ------------------------------------------------------------------------------------


def test_numbers_are_the_layers_they_stand_for():
    numbers = ConvNetClassifier(
        [[4, 3], (5,)], (6,), kernel_size=(3, 2), dropout=0.2, max_iter=3, random_state=0,
        activation="leaky_relu", pool_size=(2, 1),
    ).fit(X, Y)  # fmt: skip

    def block(n):
        return [Conv2D(n, (3, 2)), BatchNorm(), LeakyReLU(), Dropout(0.2)]

    layers = [*block(4), *block(3), MaxPool2D((2, 1)), *block(5), MaxPool2D((2, 1)),
              GlobalAveragePool2D()]  # fmt: skip
    given = ConvNetClassifier(
        layers, (6,), dropout=0.2, max_iter=3, random_state=0, activation="leaky_relu"
    ).fit(X, Y)
    assert repr(given.layers_) == repr(numbers.layers_)
    for ours, theirs in zip(numbers.coefs_, given.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(numbers.decision_function(X), given.decision_function(X))


def test_layers_are_what_is_given():
    head = [GlobalAveragePool2D(), Affine(3)]
    for arguments, expected in [
        ({}, [Conv2D(3, (3, 3)), BatchNorm(), ReLU(), MaxPool2D((2, 2)), *head]),
        ({"pooling": None, "normalization": None}, [Conv2D(3, (3, 3)), ReLU(), *head]),
        ({"pooling": "average", "pool_size": 4, "head": "flatten", "normalization": LayerNorm()},
         [Conv2D(3, (3, 3)), LayerNorm(), ReLU(), AveragePool2D((4, 4)), Affine(3)]),
        ({"architecture": ()}, head),
        ({"architecture": [], "head": "flatten"}, [Affine(3)]),
        ({"architecture": [Flatten()]}, [Flatten(), Affine(3)]),
    ]:  # fmt: skip
        model = few(**arguments).fit(X, Y)
        kinds = [type(layer) for layer in model.layers_]
        assert kinds == [Standardize, *map(type, expected)]
        assert [getattr(layer, "size", None) for layer in model.layers_[1:]] == [
            getattr(layer, "size", None) for layer in expected
        ]


SHARED = Conv2D(1)  # in more than one place
BAD = [
    ({"architecture": ((0,),)}, ValueError, "architecture"),
    ({"architecture": ((-3,),)}, ValueError, "architecture"),
    ({"architecture": ((3.0,),)}, ValueError, "architecture"),
    ({"architecture": ((True,),)}, ValueError, "architecture"),
    ({"architecture": (("3",),)}, ValueError, "architecture"),
    ({"architecture": (("32"),)}, ValueError, "architecture"),
    ({"architecture": (3, 4)}, ValueError, "architecture"),
    ({"architecture": ((3,), ())}, ValueError, "architecture"),
    ({"architecture": (((3,),),)}, ValueError, "architecture"),
    ({"architecture": ((3,), None)}, ValueError, "architecture"),
    ({"architecture": ((3,), ReLU())}, ValueError, "architecture"),
    ({"architecture": (Conv2D(3), (3,))}, ValueError, "architecture"),
    ({"architecture": (Conv2D(3), "relu")}, ValueError, "architecture"),
    ({"architecture": (Conv2D,)}, ValueError, "architecture"),
    ({"architecture": "resnet"}, ValueError, "architecture"),
    ({"architecture": None}, ValueError, "architecture"),
    ({"architecture": 3}, ValueError, "architecture"),
    ({"architecture": Conv2D(3)}, ValueError, "architecture"),
    ({"architecture": (Standardize(), Conv2D(3))}, ValueError, "architecture.*leave it out"),
    ({"architecture": [Conv2D(3), Conv2D(2)] * 2}, ValueError, r"architecture.*positions 0 and 2"),
    ({"architecture": [Residual([SHARED]), ReLU(), Residual([SHARED])]}, ValueError,
     r"same object, Conv2D.*positions 0 and 2"),
    ({"architecture": [Residual([SHARED, SHARED])]}, ValueError, "twice at position 0"),
    ({"architecture": [Residual([Conv2D(3)], SHARED), SHARED]}, ValueError, "positions 0 and 1"),
    ({"architecture": [Conv2D(3), MaxPool2D(0)]}, ValueError, "size"),
    ({"architecture": [Conv2D(0)]}, ValueError, "n_filters"),
    ({"architecture": [Conv2D(3, stride=(1, 2, 3))]}, ValueError, "stride"),
    ({"architecture": [Conv2D(3, padding="sane")]}, ValueError, "Did you mean 'same'"),
    ({"architecture": [Conv2D(2, 9, padding="valid")]}, ValueError, r"\(W - F \+ 2P\) / S \+ 1"),
    ({"architecture": [Flatten(), Conv2D(2)]}, ValueError, "needs images"),
    ({"architecture": [Residual([Conv2D(4)])]}, ValueError, r"(?s)Residual.*layer by layer"),
    ({"architecture": [Residual([Standardize()])]}, ValueError, "Residual.*leave it out"),
    ({"architecture": [Dropout(2)]}, ValueError, "p"),
    ({"kernel_size": (3,)}, ValueError, "kernel_size"),
    ({"kernel_size": (3, 3, 3)}, ValueError, "kernel_size"),
    ({"kernel_size": 0}, ValueError, "kernel_size"),
    ({"kernel_size": 2.0}, ValueError, "kernel_size"),
    ({"kernel_size": "3"}, ValueError, "kernel_size"),
    ({"kernel_size": (3, None)}, ValueError, "kernel_size"),
    ({"kernel_size": 9}, ValueError, "kernel_size=9"),
    ({"kernel_size": (1, 9)}, ValueError, r"kernel_size=\(1, 9\)"),
    ({"pool_size": 0}, ValueError, "pool_size"),
    ({"pool_size": (2,)}, ValueError, "pool_size"),
    ({"pool_size": (2, -1)}, ValueError, "pool_size"),
    ({"pool_size": "2"}, ValueError, "pool_size"),
    ({"pool_size": 9}, ValueError, r"MaxPool2D\(size=\(9, 9\)\)"),
    ({"head": "x"}, ValueError, "head"),
    ({"head": "flaten"}, ValueError, "Did you mean 'flatten'"),
    ({"head": None}, ValueError, "head"),
    ({"pooling": "x"}, ValueError, "pooling"),
    ({"pooling": True}, ValueError, "pooling"),
    ({"augmentation": "mirror"}, (TypeError, ValueError), "augmentation"),
    ({"activation": ["relu"] * 2}, ValueError, "activation.* names 2 .* for the 1 .*architecture"),
    ({"activation": []}, ValueError, "activation"),
    ({"activation": ["relu", "relu"], "architecture": [Conv2D(3), ReLU()]}, ValueError,
     "activation.* names 2 .* for the 0"),
    ({"activation": "relo"}, ValueError, "Did you mean 'relu'"),
    ({"hidden_layer_sizes": (0,)}, ValueError, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": "3"}, ValueError, "hidden_layer_sizes"),
    ({"normalization": Standardize()}, ValueError, "normalization"),
    ({"normalization": "bath"}, ValueError, "Did you mean 'batch'"),
    ({"normalization": Flatten()}, ValueError, r"(?s)needs images.*Flatten"),
    ({"dropout": 1.0}, ValueError, "dropout"),
    ({"max_norm": 0}, ValueError, "max_norm"),
    ({"weight_init": -1.0}, ValueError, "weight_init"),
    ({"loss": "squared_error"}, ValueError, "loss"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "message"), BAD, ids=lambda v: repr(v)[:60])
def test_bad_arguments(arguments, error, message, monkeypatch):
    model = few(**arguments)
    fitted = few().fit(X, Y)
    monkeypatch.setattr("sk231n.core.network.Network.forward", None)  # before any work
    for one in (model, fitted.set_params(**arguments)):
        before = learnt(one)
        with pytest.raises(error, match=message):
            one.fit(X, Y)
        assert learnt(one) == before
    with pytest.raises(error, match=message):  # rows say no more about the arguments
        few(**arguments, image_shape=(8, 8, 3)).fit(X.reshape(24, -1), Y)


# Feature maps -------------------------------------------------------------------------------------

NETWORKS = {
    "numbers": {"architecture": ((2, 3), (4,)), "hidden_layer_sizes": (5,)},
    "flatten": {"architecture": ((3,),), "head": "flatten", "activation": "maxout"},
    "layers": {
        "architecture": [
            Conv2D(4, stride=2, dilation=1), BatchNorm(), Residual([Conv2D(4), Tanh()]),
            Dropout(0.3), AveragePool2D(), Flatten(),
        ],
    },
    "nothing": {"architecture": ()},
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_feature_maps(name):
    model = few(**NETWORKS[name]).fit(X, Y)
    maps = model.feature_maps(X)
    assert len(maps) == len(model.layers_)
    shape = (8, 8, 3)
    for of_layer, layer in zip(maps, model.layers_, strict=True):
        shape = layer.output_shape(shape)
        assert of_layer.shape == (24, *shape)
        assert np.isfinite(of_layer).all()
    np.testing.assert_array_equal(maps[-1], model.decision_function(X))
    statistics = model.normalizations_[0]
    np.testing.assert_allclose(maps[0], (X - statistics["mean"]) / statistics["spread"], rtol=1e-5,
                               atol=1e-6)  # fmt: skip
    for other, expected in zip(model.feature_maps(X.reshape(24, -1)), maps, strict=True):
        np.testing.assert_array_equal(other, expected)
    first, weights = maps[0].astype(float), model.coefs_[0]
    if name == "numbers":
        padded = np.pad(first, ((0, 0), (1, 1), (1, 1), (0, 0)))
        by_hand = model.intercepts_[0] + np.einsum(
            "nijklc,klcf->nijf",
            np.stack([np.stack([padded[:, i : i + 3, j : j + 3] for j in range(8)], 1)
                      for i in range(8)], 1), weights,
        )  # fmt: skip
        np.testing.assert_allclose(maps[1], by_hand, rtol=1e-3, atol=1e-4)


def test_values_that_overflow_are_refused():
    model = few().fit(X.astype(np.float32), Y)
    huge = np.full((2, 8, 8, 3), 3e38, np.float32)
    huge[:, ::2] *= -1
    model.coefs_[0] *= 1e10
    for method in ("decision_function", "feature_maps", "decision_map"):
        with pytest.raises(ValueError, match="overflow"):
            getattr(model, method)(huge)


# Decision maps ------------------------------------------------------------------------------------

VALID = [Conv2D(4, padding="valid"), BatchNorm(), ReLU(), MaxPool2D(),
         Conv2D(5, 2, padding="valid"), Tanh()]  # fmt: skip
HEADS = {
    "average": ([GlobalAveragePool2D()], ()),
    "average and hidden": ([GlobalAveragePool2D()], (6, 4)),
    "flatten": ([Flatten()], ()),
    "flatten and hidden": ([Flatten()], (6,)),
    "affine": ([], ()),
    "affine and hidden": ([], (6,)),
    "an affine layer of images": ([Affine(5), ReLU()], ()),
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("targets", [Y, Y % 2, np.eye(3, dtype=int)[Y] | np.eye(3, dtype=int)[1]],
                         ids=["classes", "binary", "labels"])  # fmt: skip
def test_maps_are_the_scores_of_crops(head, targets):
    layers, sizes = HEADS[head]
    x = X / 255
    model = few(architecture=(*VALID, *layers), hidden_layer_sizes=sizes, weight_init="he")
    model.fit(x, targets)
    same = model.decision_map(x)
    scores = model.decision_function(x)
    assert same.shape == (24, 1, 1, *scores.shape[1:])
    np.testing.assert_allclose(same[:, 0, 0], scores, rtol=1e-10, atol=1e-12)
    large = np.random.RandomState(1).uniform(size=(3, 13, 16, 3))
    maps = model.decision_map(large)
    assert maps.shape == (3, 3, 5, *scores.shape[1:])
    for i, j in np.ndindex(3, 5):
        crop = large[:, 2 * i : 2 * i + 8, 2 * j : 2 * j + 8]  # the strides' product is two
        expected = model.decision_function(crop)
        np.testing.assert_allclose(maps[:, i, j], expected, rtol=1e-10, atol=1e-12)


def test_maps_of_padded_layers_and_of_bytes():
    model = few(architecture=((3,), (4,)), head="flatten").fit(X, Y)
    same = model.decision_map(X)
    assert same.dtype == np.float32
    np.testing.assert_allclose(same[:, 0, 0], model.decision_function(X), rtol=1e-4, atol=1e-5)
    assert model.decision_map(np.tile(X[:2], (1, 2, 3, 1))).shape == (2, 3, 5, 3)
    one = few(architecture=((3,),)).fit(X, Y).decision_map(X[:1].repeat(2, axis=1))
    assert one.shape == (1, 5, 1, 3)


def test_maps_of_what_they_cannot_show():
    model = few().fit(X, Y)
    for images, found in [
        (X[:, :7], r"\(7, 8, 3\)"),
        (X[:, :, :5], r"\(8, 5, 3\)"),
        (X[..., :2], r"\(8, 8, 2\)"),
        (X[..., 0], r"\(8, 8\)"),
        (X.reshape(24, -1), "rows"),
        (np.zeros((2, 16, 16)), r"\(16, 16\)"),
    ]:
        with pytest.raises(ValueError, match=f"at least 8 x 8 .* 3 channels.* X holds .*{found}"):
            model.decision_map(images)
    for bad in (np.full((1, 8, 8, 3), np.nan), np.full((1, 8, 8, 3), "a"), X[:0]):
        with pytest.raises(ValueError, match=r"X|NaN|text|sample"):
            model.decision_map(bad)
