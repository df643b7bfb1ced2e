"""Features and preprocessing as ONNX graphs: histograms to the last bit, other numbers nearly."""

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sk231n import (
    HOG,
    BiasTrick,
    ColorMoments,
    Flatten,
    HSVHistogram,
    MeanSubtraction,
    Whitening,
)
from sk231n.onnx import to_onnx

BOUNDS = {"float32": 1e-5, "float64": 1e-12}  # relative to the largest number
sides = st.tuples(st.integers(1, 20), st.integers(1, 20))
seeds = st.integers(0, 2**32 - 1)
few = settings(deadline=None, derandomize=True, max_examples=40)


def graph_and_features(transformer, X):
    """What the graph of a transformer makes of data, and what the transformer makes of them."""
    graph = to_onnx(transformer, X)
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    [features] = session.run(None, {"X": X})
    expected = transformer.transform(X)
    assert features.dtype == expected.dtype
    assert features.shape == expected.shape
    assert session.get_outputs()[0].shape == [None, *expected.shape[1:]]
    return features, expected


def bytes_like(rng, shape, kind):
    """Noise, smooth images, images of few colours or of two, and booleans."""
    if kind == "bool":
        return rng.random(shape) < 0.5
    if kind == "ramp":
        slopes = rng.integers(0, 9, (shape[0], *(1 for _ in shape[1:])))
        return (slopes * np.arange(np.prod(shape[1:])).reshape(shape[1:])).astype(np.uint8)
    n_values = {"noise": 256, "few": 5, "two": 2}[kind]
    return (rng.integers(0, n_values, shape) * (255 // (n_values - 1))).astype(np.uint8)


kinds = st.sampled_from(["noise", "few", "two", "ramp", "bool"])


# Histograms --------------------------------------------------------------------------------------


@few
@given(
    sides, st.integers(1, 3), st.booleans(), kinds, st.integers(1, 20),
    sides, st.booleans(), st.sampled_from(["max", "each"]), seeds,
)  # fmt: skip
@example((16, 16), 3, True, "two", 8, (8, 8), True, "max", 0)
@example((1, 9), 1, False, "noise", 9, (8, 8), False, "max", 0)
@example((2, 2), 3, False, "noise", 9, (8, 8), False, "each", 0)
@example((70, 5), 3, False, "noise", 9, (8, 8), False, "max", 0)
@example((5, 70), 3, False, "noise", 9, (4, 8), False, "each", 0)
@example((65, 80), 1, True, "ramp", 9, (8, 7), False, "max", 0)
def test_histograms_of_cells_are_equal(
    side, n_channels, as_rows, kind, orientations, cell, signed, color, seed
):
    shape = (*side, n_channels) if n_channels > 1 else side
    images = bytes_like(np.random.default_rng(seed), (5, *shape), kind)
    hog = HOG(
        shape, orientations=orientations, pixels_per_cell=cell, signed=signed, color=color,
        block_norm=None,
    )  # fmt: skip
    X = images.reshape(5, -1) if as_rows else images
    np.testing.assert_array_equal(*graph_and_features(hog.fit(X), X))


def test_histograms_of_many_photographs_are_equal():
    """Sums between two numbers of float32 are rare; the order of the votes decides on them."""
    rng = np.random.default_rng(0)
    images = np.concatenate([bytes_like(rng, (500, 24, 24, 3), kind) for kind in ("noise", "two")])
    np.testing.assert_array_equal(*graph_and_features(HOG(block_norm=None).fit(images), images))


@few
@given(
    sides, st.sampled_from(["L1", "L1-sqrt", "L2", "L2-Hys"]),
    st.tuples(st.integers(1, 3), st.integers(1, 3)), st.sampled_from(["max", "each", "gray"]),
    seeds,
)  # fmt: skip
def test_blocks_of_histograms(side, block_norm, block, color, seed):
    shape = side if color == "gray" else (*side, 3)
    images = bytes_like(np.random.default_rng(seed), (4, *shape), "noise")
    hog = HOG(pixels_per_cell=(3, 4), cells_per_block=block, block_norm=block_norm, color=color)
    features, expected = graph_and_features(hog.fit(images), images)
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-6)


@few
@given(
    sides, st.sampled_from([1, 3]), kinds,
    st.sampled_from(["h", "s", "v", "hs", "hv", "sv", "hsv"]),
    st.lists(st.integers(1, 40), min_size=3, max_size=3), sides, st.booleans(),
    st.sampled_from([None, 255, 255.0, 300.5, 100, 1]), seeds,
)  # fmt: skip
def test_histograms_of_colours_are_equal(
    side, n_channels, kind, channels, bins, grid, density, data_range, seed
):
    images = bytes_like(np.random.default_rng(seed), (4, *side, n_channels), kind)
    if data_range is not None and data_range < 255:
        images = np.minimum(images, images.dtype.type(data_range))  # no warning of what is clipped
    histogram = HSVHistogram(
        bins=bins[: len(channels)], channels=channels, grid=grid, density=density,
        data_range=data_range,
    )  # fmt: skip
    np.testing.assert_array_equal(*graph_and_features(histogram.fit(images), images))


@pytest.mark.parametrize("n_bins", [4, 5, 10, 36])
@pytest.mark.parametrize("data_range", [None, 300.0])
def test_every_colour_on_an_edge_has_its_bin(n_bins, data_range):
    """A colour per image; edges of ten bins are 1 / 10, 2 / 10, ... of the colour wheel."""
    k = np.arange(1, n_bins)[:, np.newaxis] * np.ones(256, int)
    chroma = np.arange(256) // 5 * 5 + 0 * k
    sixth, part = np.divmod(6 * k, n_bins)
    between = part * chroma // n_bins
    between = np.where(sixth % 2, chroma - between, between)
    darkest = np.arange(256) % (256 - chroma)
    three = np.stack([darkest + chroma, darkest + between, darkest])  # largest to smallest
    orders = np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0], [1, 2, 0], [0, 2, 1]])
    colors = np.take_along_axis(three, orders[sixth].transpose(2, 0, 1), axis=0)
    images = colors.reshape(3, -1).T.astype(np.uint8)[:, np.newaxis, np.newaxis]
    histogram = HSVHistogram(bins=n_bins, data_range=data_range).fit(images)
    features, expected = graph_and_features(histogram, images)
    np.testing.assert_array_equal(features, expected)
    if data_range is None:  # the rounding does decide: not all of an edge are in one bin
        bins = expected.argmax(axis=1).reshape(n_bins - 1, 256)
        assert (np.ptp(bins[:, 5:], axis=1) > 0).any()


def test_bytes_above_full_intensity_are_cut_down():
    images = bytes_like(np.random.default_rng(0), (4, 6, 6, 3), "noise")
    histogram = HSVHistogram(bins=(8, 4, 4), channels="hsv", data_range=90).fit(images)
    with pytest.warns(UserWarning, match="clipped"):
        expected = histogram.transform(images)
    with pytest.warns(UserWarning, match="clipped"):
        graph = to_onnx(histogram, images)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    np.testing.assert_array_equal(session.run(None, {"X": images})[0], expected)


# Other numbers -----------------------------------------------------------------------------------


def numbers(rng, shape, dtype):
    """Data of a type; floats may be negative."""
    if dtype == "bool":
        return rng.random(shape) < 0.5
    values = rng.integers(0 if dtype == "uint8" else -100, 128, shape)
    return (values + rng.random(shape) * dtype.startswith("float")).astype(dtype)


dtypes = st.sampled_from(["uint8", "bool", "int8", "int32", "int64", "float32", "float64"])


def assert_close(features, expected):
    bound = BOUNDS[expected.dtype.name] * max(np.abs(expected).max(), np.finfo(np.float32).tiny)
    np.testing.assert_allclose(features, expected, rtol=0, atol=bound)


@few
@given(
    sides, st.sampled_from([1, 3]), st.sampled_from(["rgb", "hsv", "opponent"]), sides, dtypes,
    st.permutations(["mean", "std"]), seeds,
)  # fmt: skip
def test_moments_of_colours(side, n_channels, space, grid, dtype, moments, seed):
    images = numbers(np.random.default_rng(seed), (4, *side, n_channels), dtype)
    transformer = ColorMoments(grid=grid, color_space=space, moments=moments)
    assert_close(*graph_and_features(transformer.fit(images), images))


@few
@given(sides, st.sampled_from(["rgb", "hsv", "opponent"]), dtypes, seeds)
def test_skewness_of_colours(side, space, dtype, seed):
    """The third moment is close; its cube root magnifies rounding where the moment is zero."""
    images = numbers(np.random.default_rng(seed), (4, *side, 3), dtype)
    transformer = ColorMoments(grid=(2, 2), color_space=space, moments=["skew"]).fit(images)
    features, expected = graph_and_features(transformer, images)
    largest = np.abs(np.asarray(images, np.float64)).max()
    bound = BOUNDS[expected.dtype.name] * max(1, largest) ** 3
    np.testing.assert_allclose(features**3, expected**3, rtol=0, atol=bound)


@few
@given(
    st.sampled_from([
        Flatten(), BiasTrick(), BiasTrick(-2.5), MeanSubtraction(), MeanSubtraction(mode="channel"),
        MeanSubtraction(mode="global"), Whitening(), Whitening("zca"), Whitening(n_components=3),
        Whitening("zca", n_components=0.9, epsilon=0.1),
    ]),
    dtypes, st.booleans(), seeds,
)  # fmt: skip
def test_preprocessing(transformer, dtype, as_rows, seed):
    X = numbers(np.random.default_rng(seed), (40, 3, 4, 3), dtype)
    X = X.reshape(len(X), -1) if as_rows else X
    features, expected = graph_and_features(transformer.fit(X), X)
    if isinstance(transformer, Whitening):
        assert_close(features, expected)
    else:
        np.testing.assert_array_equal(features, expected)


def test_components_in_another_type_than_the_data():
    """Learnt in float64, and applied to float32."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 6))
    assert_close(*graph_and_features(Whitening().fit(X), X.astype(np.float32)))


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transformer", "dtype", "message"),
    [
        (HOG(), np.float32, "HOG is converted for bytes, and gets float32 .* atan2"),
        (HOG(), np.int8, "gets int8 .* Give bytes"),
        (HOG(color="gray"), np.uint8, "color='gray' .* Fit the model with color='max'"),
        (HOG(transform_sqrt=True), np.uint8, "transform_sqrt=True .* transform_sqrt=False"),
        (HSVHistogram(), np.float64, "HSVHistogram is converted for bytes, and gets float64"),
        (HSVHistogram(data_range=99.5), np.uint8, "data_range=99.5 .* whole number"),
        (HSVHistogram(bins=5000), np.uint8, "5000 bins .* at most 4096"),
    ],
)
def test_what_cannot_be_equal_is_refused(transformer, dtype, message):
    images = np.random.default_rng(0).integers(0, 2, (3, 8, 8, 3)).astype(dtype)
    with pytest.raises(NotImplementedError, match=message):
        to_onnx(transformer.fit(images), images)


@pytest.mark.parametrize("color", ["max", "gray"])
def test_grey_bytes_need_no_angle(color):
    images = bytes_like(np.random.default_rng(0), (3, 9, 9), "noise")
    hog = HOG(color=color, block_norm=None).fit(images)
    np.testing.assert_array_equal(*graph_and_features(hog, images))
