"""Filters and feature maps: content and order of the pictures, and what cannot be shown; the other
displays of convolutional networks."""

import copy
import pickle
import warnings
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer, StandardScaler

from sk231n import (
    BiasTrick,
    ConvNetClassifier,
    MeanSubtraction,
    MLPClassifier,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.layers import Affine, Conv2D, Flatten, MaxPool2D, ReLU, Residual, Tanh
from sk231n.plotting import (
    ActivationHistogramDisplay,
    FilterDisplay,
    ImageGridDisplay,
    LearningCurvesDisplay,
    MisclassifiedDisplay,
    WeightTemplatesDisplay,
)

RNG = np.random.RandomState(0)
IMAGES = RNG.randint(0, 256, (24, 8, 6, 3), dtype=np.uint8)
X, Y = IMAGES.reshape(24, -1), np.arange(24) % 3


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")


def network(*arguments, **options):
    options = {"max_iter": 1, "random_state": 0, **options}
    return ConvNetClassifier(*(arguments or (((6,), (4,)),)), **options)


@cache
def colour():
    return network().fit(IMAGES, Y)


@cache
def grey():
    return network(((5,),), kernel_size=(3, 2)).fit(IMAGES[..., 0], Y)


@cache
def of_layers():
    layers = [Conv2D(4), MaxPool2D(), Conv2D(5), Tanh(), Flatten(), Affine(3), ReLU()]
    return network(layers).fit(IMAGES, Y)


def shown(display):
    return [np.asarray(image.get_array()) for image in display.images_]


def texts(display):
    return [text.get_text() for text in display.texts_]


def place(image):
    """Left and upper edge of a picture."""
    left, _, _, top = image.get_extent()
    return left, top


# ----------------------------------------------------------------------------------------- filters


def test_filters_in_colour():
    """Each is centred at mid-grey, and its largest weight is black or white."""
    display = FilterDisplay.from_estimator(colour())
    weights = colour().coefs_[0].astype(float)
    assert len(display.images_) == 6
    for k, picture in enumerate(shown(display)):
        expected = 0.5 + weights[..., k] / (2 * np.abs(weights[..., k]).max())
        np.testing.assert_allclose(picture, expected)
    assert display.texts_ == []
    assert display.ax_.get_title() == ""


def test_filters_in_grey():
    display = FilterDisplay.from_estimator(grey())
    weights = grey().coefs_[0].astype(float)
    assert len(display.images_) == 5
    for k, picture in enumerate(shown(display)):
        assert picture.shape == (3, 2)
        largest = np.abs(weights[..., k]).max()
        np.testing.assert_allclose(picture, 0.5 + weights[:, :, 0, k] / (2 * largest))
        left, right, bottom, top = display.images_[k].get_extent()
        assert (bottom - top) / (right - left) == pytest.approx(3 / 2)


def test_filters_on_one_scale():
    display = FilterDisplay.from_estimator(colour(), scale="all")
    weights = np.moveaxis(colour().coefs_[0].astype(float), -1, 0)
    np.testing.assert_allclose(shown(display), 0.5 + weights / (2 * np.abs(weights).max()))


def test_filters_row_by_row():
    display = FilterDisplay(np.arange(6.0).reshape(6, 1, 1)).plot()
    places = [place(image) for image in display.images_]
    lefts, tops = (sorted(set(values)) for values in zip(*places, strict=True))
    assert places == [(left, top) for top in tops for left in lefts]
    assert (len(tops), len(lefts)) == (2, 3)
    display.plot(n_cols=2)
    assert place(display.images_[2])[1] > place(display.images_[1])[1]


@pytest.mark.parametrize(
    ("n_maps", "shape"),
    [(1, (1, 1)), (3, (1, 3)), (7, (3, 3)), (8, (2, 4)), (16, (4, 4)), (32, (4, 8)), (96, (8, 12))],
)
def test_grids_have_few_gaps(n_maps, shape):
    display = FilterDisplay(np.ones((n_maps, 1, 1))).plot()
    places = [place(image) for image in display.images_]
    assert (len({top for _, top in places}), len({left for left, _ in places})) == shape


def test_filters_of_other_channels_are_no_images():
    two = network().fit(IMAGES[..., :2], Y)
    with pytest.raises(ValueError, match=r"ConvNetClassifier see 2 channels.*feature maps"):
        FilterDisplay.from_estimator(two)
    assert len(FilterDisplay.from_estimator(two, image=IMAGES[0, ..., :2]).images_) == 6
    assert plt.get_fignums() != []


def test_filters_of_a_residual_block():
    block = network([Residual([Conv2D(3), ReLU(), Conv2D(3)])]).fit(IMAGES, Y)
    display = FilterDisplay.from_estimator(block)
    np.testing.assert_array_equal(display.maps, np.moveaxis(block.coefs_[0], -1, 0))
    display = FilterDisplay.from_estimator(block, image=IMAGES[0])  # no activation of its own
    assert display.ax_.get_title() == "layers_[1]: Residual"


def test_filters_of_images_that_are_lines():
    line = network().fit(RNG.normal(size=(24, 10)), Y)
    display = FilterDisplay.from_estimator(line)
    assert shown(display)[0].shape == (1, 3)
    display = FilterDisplay.from_estimator(line, image=np.arange(10.0))
    assert shown(display)[0].shape == (1, 10)


def test_weights_of_zero_are_grey_and_maps_of_zero_black():
    display = FilterDisplay(np.stack([np.zeros((2, 2)), -np.eye(2)])).plot()
    np.testing.assert_array_equal(shown(display)[0], np.full((2, 2), 0.5))
    np.testing.assert_array_equal(shown(display)[1], 0.5 - np.eye(2) / 2)
    display = FilterDisplay(np.stack([np.zeros((2, 2)), 3 * np.eye(2)])).plot()
    np.testing.assert_array_equal(shown(display), [np.zeros((2, 2)), np.eye(2)])


def test_the_largest_numbers_of_both_signs():
    largest = np.finfo(np.float64).max
    display = FilterDisplay([[[largest, -largest]]]).plot()
    np.testing.assert_array_equal(shown(display), [[[1, 0]]])


# ------------------------------------------------------------------------------------ feature maps


@pytest.mark.parametrize(
    "image",
    [IMAGES[3], IMAGES[3:4], IMAGES[3].tolist(), X[3], X[3:4], pd.DataFrame(X[3:4])],
    ids=["image", "stack", "list", "row", "rows", "frame"],
)
def test_feature_maps_of_one_image(image):
    """By default those after the first ReLU: from zero, black, to the largest value, white."""
    display = FilterDisplay.from_estimator(colour(), image=image)
    maps = colour().feature_maps(IMAGES[3:4])[3][0].astype(float)
    assert maps.min() == 0
    assert display.ax_.get_title() == "layers_[3]: ReLU"
    assert texts(display) == ["0", "1", "2", "3", "4", "5"]
    for k, picture in enumerate(shown(display)):
        expected = maps[..., k] / maps[..., k].max()
        np.testing.assert_allclose(picture, expected, atol=1e-6)  # a list is computed in float64
    assert display.images_[0].get_cmap().name == "gray"


def test_feature_maps_of_a_grey_image():
    expected = shown(FilterDisplay.from_estimator(grey(), image=IMAGES[0, ..., 0]))
    for image in IMAGES[:1, ..., 0], IMAGES[0, ..., :1], IMAGES[:1, ..., :1]:
        np.testing.assert_array_equal(
            shown(FilterDisplay.from_estimator(grey(), image=image)), expected
        )


@pytest.mark.parametrize(
    ("layer", "title"),
    [(0, "layers_[0]: Standardize"), (2, "layers_[2]: MaxPool2D"), (-5, "layers_[4]: Tanh"),
     (None, "layers_[4]: Tanh"), (np.int64(3), "layers_[3]: Conv2D")],
)  # fmt: skip
def test_feature_maps_after_any_layer(layer, title):
    display = FilterDisplay.from_estimator(of_layers(), image=IMAGES[0], layer=layer)
    assert display.ax_.get_title() == title
    index = int(title[8])
    maps = of_layers().feature_maps(IMAGES[:1])[index][0].astype(float)
    np.testing.assert_array_equal(np.moveaxis(display.maps[..., 0], 0, -1), maps)
    largest = np.abs(maps).max(axis=(0, 1))  # there are negative values: zero is mid-grey
    np.testing.assert_allclose(np.moveaxis(shown(display), 0, -1), 0.5 + maps / (2 * largest))


def test_the_strongest_feature_maps():
    """In the order of the channels, whose numbers stand above them."""
    display = FilterDisplay.from_estimator(of_layers(), image=IMAGES[0], max_maps=2)
    maps = of_layers().feature_maps(IMAGES[:1])[4][0]
    strongest = np.sort(np.argsort(np.abs(maps).mean(axis=(0, 1)))[-2:])
    assert texts(display) == [*map(str, strongest)]
    np.testing.assert_array_equal(display.maps[..., 0], np.moveaxis(maps, -1, 0)[strongest])


@pytest.mark.parametrize("layer", [5, 6, -1, 9, -10])
def test_layers_without_feature_maps(layer):
    with pytest.raises(ValueError, match=rf"layer={layer} is none of .* 3 \(Conv2D\), 4 \(Tanh\)"):
        FilterDisplay.from_estimator(of_layers(), image=IMAGES[0], layer=layer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 1}, "layer=1 .* image=None"),
        ({"layer": True, "image": IMAGES[0]}, "'layer' parameter"),
        ({"layer": "ReLU", "image": IMAGES[0]}, "'layer' parameter"),
        ({"max_maps": 0, "image": IMAGES[0]}, "'max_maps' parameter"),
        ({"image": IMAGES[:2]}, r"image must be one image of shape \(8, 6, 3\).*got .*\(2, 8, 6"),
        ({"image": IMAGES[0, :5]}, r"image must be one image of shape \(8, 6, 3\)"),
        ({"image": IMAGES[:1, :5]}, "image: X has 90 features"),
        ({"image": X[:1, :5]}, "image: X has 5 features"),
        ({"image": X[:0]}, "image must be one image"),
        ({"image": 3}, "image must be one image"),
        ({"image": "cat.png"}, "image must be one image"),
        ({"image": [[1], [1, 2]]}, "image: "),
        ({"image": X[0] / np.nan}, "image: .*NaN"),
        ({"scale": "both"}, "'scale' parameter"),
    ],
)
def test_refuses_nonsense(options, message):
    with pytest.raises(ValueError, match=message):
        FilterDisplay.from_estimator(colour(), **options)
    assert plt.get_fignums() == []


# -------------------------------------------------------------------------------------- estimators


def test_estimators_without_convolutions():
    for other in (SoftmaxClassifier, MLPClassifier):
        other = other(max_iter=1).fit(X, Y)
        for model in other, make_pipeline(MeanSubtraction(), other).fit(X, Y):
            with pytest.raises(TypeError, match=f"estimator={type(other).__name__} has no conv"):
                FilterDisplay.from_estimator(model)
    flat = network([Flatten()]).fit(IMAGES, Y)
    for image in None, IMAGES[0]:
        with pytest.raises(ValueError, match="estimator=ConvNetClassifier has no convolutions"):
            FilterDisplay.from_estimator(flat, image=image)


def test_estimators_that_are_not_fitted():
    for model in network(), make_pipeline(MeanSubtraction(), network()):
        with pytest.raises(NotFittedError):
            FilterDisplay.from_estimator(model)


def divided(X):
    return X / 255


def upside_down(X):
    return X[:, ::-1]


def negative(X):
    return 255 - X


@pytest.mark.parametrize(
    "steps",
    [("passthrough",), (StandardScaler(),), (MeanSubtraction(), MinMaxScaler(clip=True)),
     (FunctionTransformer(divided),)],
)  # fmt: skip
def test_pipelines_that_scale_pixels(steps):
    pipeline = make_pipeline(*steps, network(image_shape=(8, 6, 3))).fit(X.astype(float), Y)
    filters = shown(FilterDisplay.from_estimator(pipeline))
    np.testing.assert_array_equal(filters, shown(FilterDisplay.from_estimator(pipeline[-1])))
    display = FilterDisplay.from_estimator(pipeline, image=X[3])
    maps = pipeline[-1].feature_maps(pipeline[:-1].transform(X[3:4].astype(float)))[3][0]
    np.testing.assert_allclose(np.moveaxis(display.maps[..., 0], 0, -1), maps, rtol=1e-4)


@pytest.mark.parametrize(
    "step",
    [Normalizer(), PCA(20), Whitening(), BiasTrick(), FunctionTransformer(upside_down),
     FunctionTransformer(negative)],
)  # fmt: skip
def test_pipelines_whose_filters_see_no_pixels(step):
    pipeline = make_pipeline(step, network()).fit(X.astype(float), Y)
    with pytest.raises(ValueError, match=r"do more than scale each pixel.*estimator\[-1\]"):
        FilterDisplay.from_estimator(pipeline)
    assert plt.get_fignums() == []
    FilterDisplay.from_estimator(pipeline[-1])
    FilterDisplay.from_estimator(pipeline, image=X[0])  # the steps transform it


def test_pipelines_that_read_something_else():
    class Reader(FunctionTransformer):
        def transform(self, X):
            if not isinstance(X[0], str):
                raise TypeError("expected names of files")
            return IMAGES[[int(name) for name in X]]

    pipeline = make_pipeline(Reader(), network())
    pipeline.fit([str(k) for k in range(24)], Y)
    with pytest.raises(ValueError, match="do more than scale each pixel"):
        FilterDisplay.from_estimator(pipeline)


def test_pixels_with_names():
    frame = pd.DataFrame(X).add_prefix("pixel")
    model = make_pipeline(StandardScaler(), network(image_shape=(8, 6, 3))).fit(frame, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FilterDisplay.from_estimator(model)
        FilterDisplay.from_estimator(model, image=frame.iloc[:1])


def test_the_estimator_stays_as_it_is():
    model = copy.deepcopy(colour())
    for array in [*model.coefs_, *model.intercepts_]:
        array.flags.writeable = False
    image = IMAGES[0].copy()
    image.flags.writeable = False
    before = pickle.dumps(model)
    FilterDisplay.from_estimator(model)
    FilterDisplay.from_estimator(model, image=image)
    assert pickle.dumps(model) == before


def test_any_order_in_memory():
    model = copy.deepcopy(colour())
    expected = [shown(FilterDisplay.from_estimator(model, image=image)) for image in (None, X[0])]
    model.coefs_ = [np.asfortranarray(weights) for weights in model.coefs_]
    image = IMAGES[0].transpose(2, 0, 1).copy().transpose(1, 2, 0)
    assert not image.flags.c_contiguous
    for given, pictures in zip((None, image), expected, strict=True):
        np.testing.assert_array_equal(
            shown(FilterDisplay.from_estimator(model, image=given)), pictures
        )


def test_styles_and_axes():
    left, right = Figure(figsize=(6, 3)).subplots(1, 2)
    display = FilterDisplay.from_estimator(
        colour(), image=IMAGES[0], ax=left, im_kw={"cmap": "magma"}, text_kw={"c": "red"}
    )
    assert display.ax_ is left
    assert display.figure_ is left.figure
    assert not right.has_data()
    assert plt.get_fignums() == []
    assert display.images_[0].get_cmap().name == "magma"
    assert display.texts_[0].get_color() == "red"


# ------------------------------------------------------------------------------ the other displays


def test_templates_point_to_filters():
    for model in colour(), make_pipeline(MeanSubtraction(), network()).fit(IMAGES, Y):
        with pytest.raises(TypeError, match=r"ConvNetClassifier has no weight .*FilterDisplay"):
            WeightTemplatesDisplay.from_estimator(model)
    means = network(()).fit(IMAGES, Y)  # sees the means of the channels
    with pytest.raises(TypeError, match="ConvNetClassifier has no weight for each pixel"):
        WeightTemplatesDisplay.from_estimator(means)
    flat = network([Flatten()]).fit(IMAGES, Y)  # a linear classifier
    display = WeightTemplatesDisplay.from_estimator(flat, image_shape=(8, 6, 3))
    np.testing.assert_array_equal(display.templates.reshape(3, -1), flat.coefs_[0].T)


def test_learning_curves_of_a_convolutional_network():
    model = network(max_iter=3).fit(IMAGES, Y, X_val=IMAGES, y_val=Y)
    lines = LearningCurvesDisplay.from_estimators({"a": model, "b": colour()}).lines_
    np.testing.assert_array_equal(lines[0].get_ydata(), model.history_["loss"])
    np.testing.assert_array_equal(lines[1].get_ydata(), model.history_["validation_loss"])


def test_misclassified_images_of_a_convolutional_network():
    display = MisclassifiedDisplay.from_estimator(colour(), IMAGES, Y, n_per_class=24)
    wrong = colour().predict(IMAGES) != Y
    np.testing.assert_array_equal(shown(display), IMAGES[wrong])
    predictions = colour().predict(IMAGES)
    assert len(ImageGridDisplay.from_arrays(IMAGES, predictions, n_per_class=24).images_) == 24


@pytest.mark.parametrize("fitted", [True, False])
def test_activations_of_a_convolutional_network(fitted):
    model = colour() if fitted else network(hidden_layer_sizes=(7,))
    display = ActivationHistogramDisplay.from_estimator(model, IMAGES, bins=9)
    assert [values.shape for values in display.activations] == [
        (24, 8, 6, 6), (24, 4, 3, 4), (24, 7),
    ][: 2 if fitted else 3]  # fmt: skip
    largest = max(values.max() for values in display.activations)
    for bars, values in zip(display.bars_, display.activations, strict=True):
        assert values.min() >= 0
        shares = np.histogram(values, 9, (0, largest))[0] / values.size
        np.testing.assert_allclose([bar.get_height() for bar in bars], shares)
