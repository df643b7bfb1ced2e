"""Colour features compared with matplotlib's HSV, numpy.histogram and the plain loops."""

import colorsys
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import rgb_to_hsv
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sk231n import reference
from sk231n.features import ColorMoments, HSVHistogram, _batch

ESTIMATORS = [HSVHistogram, ColorMoments]
CHANNELS = ["h", "s", "v", "hs", "hv", "sv", "hsv"]


def random_images(shape=(4, 16, 16, 3), dtype=np.uint8, seed=0):
    images = np.random.default_rng(seed).integers(0, 256, shape)
    return images.astype(dtype) if np.dtype(dtype).kind in "ui" else (images / 255).astype(dtype)


def referee(images, bins):
    """The course's hue histogram, `color_histogram_hsv` of assignment 1, of values up to 1."""
    edges = np.linspace(0, 255, bins + 1)
    counts = [np.histogram(rgb_to_hsv(x)[..., 0] * 255, bins=edges)[0] for x in images]
    return np.array(counts) / (images.shape[1] * images.shape[2])


# ----------------------------------------------------------------------------------- HSVHistogram


@pytest.mark.parametrize("bins", [1, 2, 5, 6, 7, 10, 12, 30, 180])
def test_hue_equals_matplotlib(bins):
    images = random_images((200, 16, 16, 3))
    histogram = HSVHistogram(bins=bins).fit(images)
    expected = referee(images / 255, bins)
    assert np.array_equal(histogram.transform(images), expected.astype(np.float32))
    assert np.array_equal(histogram.transform(images / 255), expected)
    scaled = HSVHistogram(bins=bins, data_range=255).fit_transform(images.astype(np.float64))
    assert np.array_equal(scaled, expected)


def test_hue_on_the_edges_of_bins_equals_matplotlib():
    # Differences in the ratio of 1 to 5, and their multiples, at every brightness: the hue is k/30,
    # where the bin depends on rounding.
    least, unit = np.mgrid[0:256, 0:52].reshape(2, -1)
    colors = []
    for order in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
        for k in range(6):
            rgb = np.stack([least, least + k * unit, least + 5 * unit], axis=1)
            colors.append(rgb[rgb.max(axis=1) <= 255][:, order])
    colors = np.concatenate(colors).astype(np.uint8)
    images = colors[: len(colors) // 64 * 64].reshape(-1, 8, 8, 3)
    for bins in (5, 10, 30):
        histograms = HSVHistogram(bins=bins).fit_transform(images)
        assert np.array_equal(histograms, referee(images / 255, bins).astype(np.float32))


@settings(max_examples=200, deadline=None)
@given(
    arrays(np.uint8, (1, 1, 4, 3)),
    st.integers(1, 40),
    st.sampled_from(CHANNELS),
)
@example(np.zeros((1, 1, 4, 3), np.uint8), 10, "hsv")
@example(np.full((1, 1, 4, 3), 255, np.uint8), 10, "hsv")
def test_bytes_equal_reference(images, bins, channels):
    histogram = HSVHistogram(bins=bins, channels=channels).fit_transform(images)
    expected = reference.hsv_histogram(images[0] / 255, (bins,) * len(channels), channels)
    np.testing.assert_allclose(histogram[0], expected, rtol=0, atol=1e-7)


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.float64, (1, 3, 4, 3), elements=st.floats(0, 1)),
    st.integers(1, 12),
    st.sampled_from(CHANNELS),
    st.sampled_from([(1, 1), (3, 4), (2, 3), (1, 2)]),
)
def test_floats_equal_reference(images, bins, channels, grid):
    kwargs = {"channels": channels, "grid": grid}
    histogram = HSVHistogram(bins=bins, **kwargs).fit_transform(images)
    expected = reference.hsv_histogram(images[0], (bins,) * len(channels), **kwargs)
    np.testing.assert_allclose(histogram[0], expected, rtol=0, atol=1e-12)


def test_reference_hue_is_the_standard_librarys():
    for r, g, b in np.random.default_rng(0).integers(0, 6, (300, 3)) / 5:
        assert reference.rgb_to_hsv(r, g, b) == pytest.approx(colorsys.rgb_to_hsv(r, g, b))
    image = random_images((1, 8, 8, 3))[0] / 255
    np.testing.assert_allclose(reference.hue_histogram(image, 10), referee(image[None], 10)[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.int16])
@pytest.mark.parametrize("channels", CHANNELS)
def test_types_agree(channels, dtype):
    images = random_images((10, 9, 9, 3))
    expected = HSVHistogram(channels=channels, bins=7).fit_transform(images)  # 7: few edges hit
    histogram = HSVHistogram(channels=channels, bins=7, data_range=255)
    features = histogram.fit_transform(images.astype(dtype))
    assert features.dtype == (np.float64 if dtype == np.float64 else np.float32)
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-7)


def test_full_intensity_of_integers_is_their_largest_value():
    for dtype in (np.uint8, np.uint16, np.int8, np.int16, np.uint32, np.int64):
        top = np.iinfo(dtype).max
        images = np.array([0, top // 3, top, top], dtype).reshape(1, 2, 2)
        values = HSVHistogram(bins=4, channels="v").fit_transform(images)
        assert values.tolist() == [[0.25, 0.25, 0, 0.5]]
    images = np.array([False, True, True, True]).reshape(1, 2, 2)
    assert HSVHistogram(bins=4, channels="v").fit_transform(images).tolist() == [[0.25, 0, 0, 0.75]]


def test_joint_histogram_with_its_own_bins():
    images = random_images((3, 8, 8, 3))
    histogram = HSVHistogram(bins=(8, 4, 2), channels="hsv", grid=(2, 3)).fit(images)
    features = histogram.transform(images)
    expected = [reference.hsv_histogram(x / 255, (8, 4, 2), "hsv", (2, 3)) for x in images]
    np.testing.assert_allclose(features, expected, atol=1e-7)
    np.testing.assert_allclose(features.reshape(3, 6, 64).sum(axis=2), 1, rtol=1e-6)
    joint = features.reshape(3, 6, 8, 4, 2)
    for axes, channel, bins in [((3, 4), "h", 8), ((2, 4), "s", 4), ((2, 3), "v", 2)]:
        alone = HSVHistogram(bins=bins, channels=channel, grid=(2, 3)).fit_transform(images)
        np.testing.assert_allclose(joint.sum(axis=axes).reshape(3, -1), alone, atol=1e-6)
    names = histogram.get_feature_names_out()
    assert len(set(names)) == features.shape[1]
    assert names[0] == "hsv_r0_c0_h0_s0_v0"
    assert names[64 + 2] == "hsv_r0_c1_h0_s1_v0"
    assert names[-1] == "hsv_r1_c2_h7_s3_v1"


def test_counts():
    images = random_images((3, 7, 5, 3))
    kwargs = {"grid": (2, 2), "channels": "hv"}
    counts = HSVHistogram(density=False, **kwargs).fit_transform(images).reshape(3, 4, 100)
    sizes = np.array([3 * 2, 3 * 3, 4 * 2, 4 * 3])
    assert np.array_equal(counts.sum(axis=2), np.tile(sizes, (3, 1)))
    density = HSVHistogram(**kwargs).fit_transform(images).reshape(3, 4, 100)
    np.testing.assert_allclose(density * sizes[:, np.newaxis], counts, rtol=1e-6)


def test_turning_the_channels_turns_the_hue():
    images = random_images((5, 16, 16, 3))
    hue = HSVHistogram(bins=7 * 3).fit_transform(images)
    turned = HSVHistogram(bins=7 * 3).fit_transform(np.roll(images, 1, axis=-1))
    # Every pixel moves by 7 bins, except grey ones and those on edges (k/21 = k'/6 every 7 bins).
    assert np.abs(np.roll(hue, 7, axis=1) - turned).sum() < 0.2


def test_values_outside_the_range_warn_once_and_are_clipped():
    images = random_images((50, 64, 64, 3)).astype(np.float64)
    histogram = HSVHistogram(channels="v").fit(images)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        features = histogram.transform(images)
    assert len(caught) == 1
    assert "data_range=255" in str(caught[0].message)
    clipped = HSVHistogram(channels="v").fit_transform(np.minimum(images, 1))
    assert np.array_equal(features, clipped)
    with pytest.warns(UserWarning, match="from -0.1"):
        assert HSVHistogram().fit_transform(np.full((1, 2, 2), -0.1))[0, 0] == 1
    with pytest.warns(UserWarning, match="data_range"):
        HSVHistogram(data_range=100).fit_transform(images.astype(np.uint8))
    assert HSVHistogram(data_range=255).fit_transform(images).sum() == pytest.approx(50)


def test_data_range_of_twelve_bits():
    images = np.array([0, 2047, 2048, 4095], np.uint16).reshape(1, 2, 2)
    halves = HSVHistogram(bins=2, channels="v", data_range=4095).fit_transform(images)
    assert halves.tolist() == [[0.5, 0.5]]


# ----------------------------------------------------------------------------------- ColorMoments


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("color_space", ["rgb", "hsv", "opponent"])
@pytest.mark.parametrize("grid", [(1, 1), (4, 4), (2, 3), (7, 5)])
def test_moments_equal_reference(grid, color_space, dtype):
    images = random_images((3, 7, 11, 3), dtype)
    kwargs = {"grid": grid, "color_space": color_space, "moments": ["skew", "mean", "std"]}
    features = ColorMoments(**kwargs).fit_transform(images)
    expected = np.array([reference.color_moments(x, **kwargs) for x in images])
    assert features.dtype == (np.float64 if dtype == np.float64 else np.float32)
    if dtype == np.float64:  # the cube root of a rounding error is large
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-5)
        kwargs["moments"] = ["mean", "std"]
        features = ColorMoments(**kwargs).fit_transform(images)
        expected = np.array([reference.color_moments(x, **kwargs) for x in images])
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-12)
    else:
        scale = 255 if dtype == np.uint8 else 1
        np.testing.assert_allclose(features, expected, rtol=1e-4, atol=0.02 * scale)


def test_moments_by_hand():
    red = np.array([[0, 0], [0, 4]], np.float64)
    image = np.stack([red, 0 * red, 8 - red], axis=2)[np.newaxis]
    moments = ColorMoments(grid=(1, 1), moments=("mean", "std", "skew")).fit_transform(image)
    std, skew = 3**0.5, 6 ** (1 / 3)  # deviations -1, -1, -1, 3: squares 12, cubes 24
    np.testing.assert_allclose(moments, [[1, std, skew, 0, 0, 0, 7, std, -skew]])


def test_moments_keep_the_unit():
    images = random_images((3, 8, 8, 3), np.float64)
    for color_space in ("rgb", "opponent"):
        moments = ColorMoments(color_space=color_space, moments=("mean", "std", "skew"))
        one, many = moments.fit_transform(images), moments.fit_transform(images * 1000)
        np.testing.assert_allclose(one * 1000, many, rtol=1e-6, atol=0.01)


def test_the_grid_of_a_small_image_shrinks():
    X = random_images((2, 3, 5, 3))
    shrunk = HSVHistogram(grid=(9, 2)).fit(X)
    assert shrunk.grid_ == (3, 2)
    np.testing.assert_array_equal(shrunk.transform(X), HSVHistogram(grid=(3, 2)).fit_transform(X))


def test_moments_names_and_the_grid_of_a_small_image():
    moments = ColorMoments().fit(np.zeros((1, 2, 3, 3)))
    assert moments.grid_ == (2, 3)
    names = moments.get_feature_names_out()
    assert len(set(names)) == 2 * 3 * 3 * 2
    assert names[0] == "rgb_r0_c0_red_mean"
    assert names[-1] == "rgb_r1_c2_blue_std"
    hsv = ColorMoments(color_space="hsv", moments=["skew"]).fit(np.zeros((1, 8, 8)))
    assert hsv.get_feature_names_out()[1] == "hsv_r0_c0_saturation_skew"


def test_moments_too_large():
    with pytest.raises(ValueError, match="too large"):
        ColorMoments().fit_transform(np.random.default_rng(0).normal(size=(1, 8, 8)) * 1e200)


@pytest.mark.parametrize("moments", [(), ("mean", "mean"), ("median",), (1,), ("mean", ["std"])])
def test_bad_moments(moments):
    with pytest.raises(ValueError, match="moments"):
        ColorMoments(moments=moments).fit(np.zeros((1, 8, 8)))


# ------------------------------------------------------------------------------------------- both


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_grey_counts_as_equal_channels(Estimator):
    grey = random_images((3, 8, 8))
    expected = Estimator().fit_transform(np.stack([grey] * 3, axis=3))
    assert np.array_equal(Estimator().fit_transform(grey), expected)
    assert np.array_equal(Estimator().fit_transform(grey[..., np.newaxis]), expected)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_stacks_rows_and_layouts_agree(Estimator):
    images = random_images((5, 16, 16, 3))
    expected = Estimator().fit_transform(images)
    read_only = images.copy()
    read_only.setflags(write=False)
    planar = np.ascontiguousarray(images.transpose(3, 0, 1, 2)).transpose(1, 2, 3, 0)
    for variant in (images.reshape(5, -1), read_only, planar, list(images)):
        assert np.array_equal(Estimator().fit_transform(variant), expected)
    assert np.array_equal(Estimator().fit(images).transform(images.reshape(5, -1)), expected)
    wide = random_images((5, 8, 20))
    given = Estimator(image_shape=(8, 20)).fit_transform(wide.reshape(5, -1))
    assert np.array_equal(given, Estimator().fit_transform(wide))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_blocks_do_not_matter(monkeypatch, Estimator, dtype):
    images = random_images((23, 20, 18, 3), dtype)
    transformer = Estimator().fit(images)
    whole = transformer.transform(images)
    monkeypatch.setattr(_batch, "PIXELS_PER_BLOCK", 20 * 18 * 4)
    for subset in (slice(None), slice(0, 1), slice(3, 10), slice(None, None, -2)):
        assert np.array_equal(transformer.transform(images[subset]), whole[subset])


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_threads_do_not_matter(monkeypatch, dtype):
    images = random_images((23, 20, 18, 3), dtype)
    monkeypatch.setattr(_batch, "PIXELS_PER_BLOCK", 20 * 18 * 4)
    one = HSVHistogram(n_jobs=1, channels="hsv").fit_transform(images)
    for n_jobs in (2, None, -1):
        assert np.array_equal(
            HSVHistogram(n_jobs=n_jobs, channels="hsv").fit_transform(images), one
        )


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_pandas_pickle_and_clone(Estimator):
    images = random_images((6, 16, 16, 3))
    transformer = Estimator().set_output(transform="pandas").fit(images)
    frame = transformer.transform(images)
    assert list(frame.columns) == list(transformer.get_feature_names_out())
    pixels = pd.DataFrame(images.reshape(6, -1)).rename(columns="p{}".format)
    assert np.array_equal(Estimator().fit(pixels).transform(pixels), frame)
    assert pickle.loads(pickle.dumps(transformer)).transform(images).equals(frame)
    assert clone(transformer).get_params() == transformer.get_params()


@pytest.mark.parametrize("Estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((0, 12)), "minimum of 1 is required"),
        (np.zeros((2, 4, 4, 3, 1)), "5 dimensions"),
        (np.zeros((2, 4, 4, 4)), "1 or 3 channels"),
        (np.full((2, 12), np.nan), "NaN"),
        (np.full((2, 12), np.inf), "infinity"),
        (np.array([["a", "b"]]), "could not convert string|numeric"),
        (np.zeros((2, 12), complex), "Complex"),
        (np.zeros(12), "2D array"),
        (sparse.csr_array(np.eye(12)), "[Ss]parse"),
    ],
)
def test_bad_images(X, message, Estimator):
    with pytest.raises((ValueError, TypeError), match=message):
        Estimator().fit(X)


@pytest.mark.parametrize("Estimator", ESTIMATORS)
def test_not_fitted_or_fitted_on_other_images(Estimator):
    with pytest.raises(NotFittedError):
        Estimator().transform(np.zeros((2, 12)))
    with pytest.raises(NotFittedError):
        Estimator().get_feature_names_out()
    with pytest.raises(ValueError, match=r"\(6, 4\).*\(8, 8, 3\)"):
        Estimator().fit(np.zeros((2, 8, 8, 3))).transform(np.zeros((2, 6, 4)))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"bins": 0}, "bins"),
        ({"bins": 10.0}, "bins"),
        ({"bins": (8, 4)}, "bins"),
        ({"bins": (0,)}, "bins"),
        ({"bins": (8, 4), "channels": "hsv"}, "bins"),
        ({"channels": "vh"}, "channels"),
        ({"channels": ""}, "channels"),
        ({"grid": 2}, "grid"),
        ({"grid": (0, 1)}, "grid"),
        ({"density": 1.5}, "density"),
        ({"data_range": 0}, "data_range"),
        ({"n_jobs": "two"}, "n_jobs"),
        ({"image_shape": (4, 4)}, "image_shape"),
    ],
)
def test_bad_parameters_leave_no_trace(kwargs, message):
    X = random_images((2, 8, 8, 3))
    with pytest.raises(ValueError, match=message):
        HSVHistogram(**kwargs).fit(X)
    histogram = HSVHistogram().fit(X)
    before = {name: value for name, value in vars(histogram).items() if name.endswith("_")}
    with pytest.raises(ValueError, match=message):
        histogram.set_params(**kwargs).fit(X)
    assert {name: value for name, value in vars(histogram).items() if name.endswith("_")} == before
