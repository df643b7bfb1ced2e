"""HOG compared with scikit-image, with the plain loops, and with rotated and mirrored images."""

import pickle
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import reference
from sk231n.features import HOG, _batch

with suppress(ModuleNotFoundError):  # the extra referees
    from skimage.color import rgb2gray
    from skimage.feature import hog as skimage_hog_of_one

NORMS = ["L1", "L1-sqrt", "L2", "L2-Hys"]


def random_images(shape=(4, 32, 32, 3), dtype=np.uint8, seed=0):
    # Blurred, so that the directions differ, but are not equally frequent.
    noise = np.random.default_rng(seed).random(shape)
    for axis in (1, 2):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, 2, axis)
    images = (noise - noise.min()) / np.ptp(noise) * 255
    return images.astype(dtype) if np.dtype(dtype).kind in "ui" else (images / 255).astype(dtype)


def skimage_hog(images, **kwargs):
    axis = -1 if images.ndim == 4 else None
    return np.array([skimage_hog_of_one(image, channel_axis=axis, **kwargs) for image in images])


# ------------------------------------------------------------------------------ scikit-image


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("block_norm", NORMS)
@pytest.mark.parametrize("transform_sqrt", [False, True])
@pytest.mark.parametrize("orientations", [1, 4, 7, 8, 9, 12, 18])
@pytest.mark.parametrize("shape", [(2, 32, 32), (2, 32, 32, 3), (2, 25, 41, 3), (2, 40, 23, 2)])
def test_equals_skimage(shape, orientations, transform_sqrt, block_norm):
    images = random_images(shape, np.float64)
    kwargs = {
        "orientations": orientations,
        "block_norm": block_norm,
        "transform_sqrt": transform_sqrt,
    }
    kwargs |= {"pixels_per_cell": (8, 8), "cells_per_block": (2, 2)}
    expected = skimage_hog(images, **kwargs)
    np.testing.assert_allclose(HOG(**kwargs).fit_transform(images), expected, rtol=0, atol=1e-10)


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("block_norm", NORMS)
@pytest.mark.parametrize("cells", [(1, 1), (2, 1), (1, 3), (3, 3)])
@pytest.mark.parametrize("pixels", [(8, 8), (5, 7), (2, 9), (1, 4), (11, 3)])
def test_equals_skimage_for_any_cell_and_block(pixels, cells, block_norm):
    images = random_images((2, 35, 38, 3), np.float64)
    kwargs = {"pixels_per_cell": pixels, "cells_per_block": cells, "block_norm": block_norm}
    expected = skimage_hog(images, orientations=9, **kwargs)
    np.testing.assert_allclose(HOG(**kwargs).fit_transform(images), expected, rtol=0, atol=1e-10)


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("orientations", [3, 4, 8, 9, 12, 36])
@pytest.mark.parametrize("n_values", [2, 5, 256])
def test_equals_skimage_on_few_gray_levels(n_values, orientations):
    # Directions on the edges of the bins, channels of equal magnitude, zero gradients.
    images = np.random.default_rng(0).integers(0, n_values, (5, 24, 24, 3)).astype(np.float64)
    kwargs = {"orientations": orientations, "cells_per_block": (2, 2)}
    expected = skimage_hog(images, **kwargs)
    np.testing.assert_allclose(HOG(**kwargs).fit_transform(images), expected, rtol=0, atol=1e-10)


@pytest.mark.referee("scikit-image")
@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, (1, 7, 9, 2), elements=st.floats(-1e6, 1e6)), st.integers(1, 12))
def test_equals_skimage_on_strange_floats(images, orientations):
    kwargs = {"orientations": orientations, "pixels_per_cell": (3, 4), "cells_per_block": (2, 2)}
    expected = skimage_hog(images, **kwargs)
    np.testing.assert_allclose(HOG(**kwargs).fit_transform(images), expected, rtol=0, atol=1e-10)


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.int64])
@pytest.mark.parametrize("block_norm", NORMS)
def test_other_types_agree_with_skimage(block_norm, dtype):
    images = random_images((20, 32, 32, 3), dtype)
    kwargs = {"block_norm": block_norm, "cells_per_block": (2, 2)}
    features = HOG(**kwargs).fit_transform(images)
    expected = skimage_hog(images.astype(np.float64), **kwargs)
    assert features.dtype == (np.float64 if dtype == np.int64 else np.float32)
    np.testing.assert_allclose(features, expected, rtol=0, atol=2e-6)


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("dtype", [np.float64, np.uint8])
def test_gray_is_luminance(dtype):
    images = random_images((3, 24, 24, 3), dtype)
    luminance = rgb2gray(images.astype(np.float64))
    features = HOG(color="gray").fit_transform(images)
    atol = 1e-10 if dtype == np.float64 else 1e-5
    expected = skimage_hog(luminance, cells_per_block=(2, 2))
    np.testing.assert_allclose(features, expected, rtol=0, atol=atol)


@pytest.mark.referee("scikit-image")
def test_raw_histograms_are_those_under_the_blocks():
    images = random_images((3, 24, 33), np.float64)
    raw = HOG(block_norm=None).fit_transform(images)
    assert raw.shape == (3, 3 * 4 * 9)
    one = raw.reshape(3, 3, 4, 9)
    normalized = one / (one.sum(axis=3, keepdims=True) + 1e-5)
    expected = skimage_hog(images, cells_per_block=(1, 1), block_norm="L1")
    np.testing.assert_allclose(normalized.reshape(3, -1), expected, rtol=0, atol=1e-10)


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("pixels", [(8, 8), (5, 8), (4, 12), (2, 2), (3, 3)])
@pytest.mark.parametrize("orientations", [1, 4, 9])
def test_visualize_equals_skimage(orientations, pixels):
    images = random_images((2, 34, 41, 3), np.float64)
    kwargs = {"orientations": orientations, "pixels_per_cell": pixels}
    expected = [
        skimage_hog_of_one(x, visualize=True, channel_axis=-1, cells_per_block=(1, 1), **kwargs)[1]
        for x in images
    ]
    pictures = HOG(**kwargs).fit(images).visualize(images)
    assert pictures.shape == (2, 34, 41)
    np.testing.assert_allclose(pictures, expected, rtol=0, atol=1e-10)


def test_visualize_rows_and_cells_of_one_pixel():
    images = random_images((2, 16, 16, 3))
    hog = HOG().fit(images)
    assert np.array_equal(hog.visualize(images.reshape(2, -1)), hog.visualize(images))
    pictures = HOG(pixels_per_cell=(1, 1), block_norm=None).fit(images).visualize(images)
    assert np.isfinite(pictures).all()
    assert pictures.max() > 0


# -------------------------------------------------------------------------------- the plain loops


@st.composite
def cases(draw):
    channels = draw(st.sampled_from([(), (1,), (2,), (3,)]))
    colors = ["max"] if channels == (2,) else ["max", "gray"]
    shape = (2, draw(st.integers(1, 14)), draw(st.integers(1, 14)), *channels)
    color = draw(st.sampled_from(colors))
    # Few values put gradients on the edges of bins, where the result depends on the rounding of
    # the luminance.
    few = [2, 4, 256] if color == "max" or channels != (3,) else [256]
    seed, n_values = draw(st.integers(0, 2**16)), draw(st.sampled_from(few))
    images = np.random.default_rng(seed).integers(0, n_values, shape).astype(np.uint8)
    pair = st.tuples(st.integers(1, 6), st.integers(1, 6))
    return images, {
        "orientations": draw(st.integers(1, 13)),
        "pixels_per_cell": draw(pair),
        "cells_per_block": draw(pair),
        "block_norm": draw(st.sampled_from([*NORMS, None])),
        "signed": draw(st.booleans()),
        "color": color,
        "transform_sqrt": draw(st.booleans()),
    }


@settings(derandomize=True, max_examples=150, deadline=None)
@given(cases())
def test_equals_reference(case):
    images, kwargs = case
    expected = np.array([reference.hog(image, **kwargs) for image in images])
    # An eps of 1e-5 amplifies rounding errors in nearly empty blocks; there are none here.
    np.testing.assert_allclose(HOG(**kwargs).fit_transform(images), expected, rtol=1e-5, atol=1e-5)
    floats = HOG(**kwargs).fit_transform(images.astype(np.float32))
    np.testing.assert_allclose(floats, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("signed", [False, True])
def test_every_direction_ends_in_its_bin(signed, dtype):
    period = 360 if signed else 180
    for angle in np.arange(1, 360, 5):  # never on an edge: the bins are 20 or 40 degrees wide
        row, column = np.mgrid[-4:5, -4:5]
        slope = np.sin(np.radians(angle)) * row + np.cos(np.radians(angle)) * column
        image = (slope * 20 + 127.5).round()[np.newaxis].astype(dtype)
        raw = HOG(pixels_per_cell=(9, 9), block_norm=None, signed=signed).fit_transform(image)
        assert raw[0].argmax() == int(angle % period * 9 / period)


def test_the_first_of_equal_channels_wins():
    images = np.zeros((1, 3, 3, 2), np.uint8)
    images[0, 1, 2, 0] = 5  # at the centre: 5 to the right in the first channel,
    images[0, 2, 1, 1] = 5  # 5 down in the second
    hog = HOG(orientations=2, pixels_per_cell=(3, 3), block_norm=None)
    right, down = hog.fit_transform(images)[0] * 9
    swapped = hog.fit_transform(images[..., ::-1])[0] * 9
    # Each pixel next to one of the two bright ones sees only one channel, so its vote is unchanged.
    assert right - swapped[0] == pytest.approx(5)
    assert swapped[1] - down == pytest.approx(5)


# ----------------------------------------------------------------------rotated, mirrored, negated


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_negative_image_turns_signed_directions_by_half_a_circle(dtype):
    images = random_images((3, 24, 24), dtype)
    top = 255 if dtype == np.uint8 else 1.0
    signed = HOG(orientations=12, signed=True, block_norm=None)
    positive = signed.fit_transform(images).reshape(-1, 12)
    negative = signed.fit_transform(top - images).reshape(-1, 12)
    np.testing.assert_allclose(np.roll(positive, 6, axis=1), negative, rtol=1e-4, atol=1e-5)
    unsigned = HOG(orientations=6, block_norm=None).fit_transform(images).reshape(-1, 6)
    np.testing.assert_allclose(positive[:, :6] + positive[:, 6:], unsigned, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("signed", [False, True])
def test_a_turned_image_has_turned_histograms(signed, dtype):
    images = random_images((3, 24, 24), dtype)
    bins_per_turn = 3 if signed else 6  # of 90 degrees, with 12 bins
    raw = HOG(orientations=12, signed=signed, block_norm=None)
    upright = raw.fit_transform(images).reshape(3, 3, 3, 12)
    turned = raw.fit_transform(np.rot90(images, -1, axes=(1, 2))).reshape(3, 3, 3, 12)
    expected = np.roll(np.rot90(upright, -1, axes=(1, 2)), bins_per_turn, axis=3)
    # A direction on an edge of a bin is rotated to another edge, so that its side is the same.
    np.testing.assert_allclose(turned, expected, rtol=1e-4, atol=1e-4)


def test_contrast_does_not_matter():
    images = random_images((3, 24, 24, 3), np.float64) + 1
    np.testing.assert_allclose(
        HOG().fit_transform(images), HOG().fit_transform(images * 1000), atol=1e-4
    )


# -------------------------------------------------------------------------- sizes, shapes and jobs


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 2), (3, 3, 3), (2, 2), (5, 30, 3)])
def test_small_images_are_one_cell(shape):
    images = random_images((2, *shape))
    hog = HOG().fit(images)
    features = hog.transform(images)
    assert hog.n_blocks_ == (1, max(1, shape[1] // 8 - 1))
    assert features.shape == (2, len(hog.get_feature_names_out()))
    assert np.isfinite(features).all()


def test_stacks_and_rows_agree():
    images = random_images((5, 32, 32, 3))
    stack, rows = HOG().fit_transform(images), HOG().fit_transform(images.reshape(5, -1))
    assert np.array_equal(stack, rows)
    grey = images[..., :1]
    assert np.array_equal(HOG().fit_transform(grey), HOG().fit_transform(grey[..., 0]))
    wide = random_images((5, 16, 40))
    given = HOG(image_shape=(16, 40)).fit_transform(wide.reshape(5, -1))
    assert np.array_equal(given, HOG().fit_transform(wide))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("kwargs", [{}, {"color": "gray"}, {"block_norm": None}])
def test_blocks_and_threads_do_not_matter(monkeypatch, dtype, kwargs):
    images = random_images((23, 20, 18, 3), dtype)
    whole = HOG(n_jobs=1, **kwargs).fit_transform(images)
    monkeypatch.setattr(_batch, "PIXELS_PER_BLOCK", 20 * 18 * 4)
    for n_jobs in (1, 2, 3, None, -1):
        assert np.array_equal(HOG(n_jobs=n_jobs, **kwargs).fit_transform(images), whole)
    hog = HOG(**kwargs).fit(images)
    for subset in (slice(0, 1), slice(3, 10), slice(None, None, -2)):
        assert np.array_equal(hog.transform(images[subset]), whole[subset])


def test_names():
    names = HOG().fit(np.zeros((1, 32, 32, 3), np.uint8)).get_feature_names_out()
    assert len(set(names)) == len(names) == 324
    assert names[0] == "hog_r0_c0_y0_x0_bin0"
    assert names[9 * 4 + 9 + 2] == "hog_r0_c1_y0_x1_bin2"
    assert names[-1] == "hog_r2_c2_y1_x1_bin8"
    raw = HOG(block_norm=None).fit(np.zeros((1, 16, 24), np.uint8)).get_feature_names_out()
    assert raw[-1] == "hog_r1_c2_bin8"


def test_pandas_pickle_clone_and_pipeline():
    images = random_images((6, 16, 16, 3))
    hog = HOG(n_jobs=1).set_output(transform="pandas").fit(images)
    frame = hog.transform(images)
    assert list(frame.columns) == list(hog.get_feature_names_out())
    pixels = pd.DataFrame(images.reshape(6, -1)).rename(columns="p{}".format)
    assert np.array_equal(HOG().fit(pixels).transform(pixels), frame)
    assert pickle.loads(pickle.dumps(hog)).transform(images).equals(frame)
    assert clone(hog).get_params() == hog.get_params()
    scaled = make_pipeline(HOG(orientations=4), StandardScaler()).fit_transform(images)
    assert scaled.shape == (6, 16)


# -------------------------------------------------------------------------------- unusual inputs


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.float16, np.uint32, np.longdouble])
def test_other_number_types(dtype):
    images = (random_images((2, 16, 16, 3)) // 2).astype(dtype)
    expected = HOG().fit_transform(images.astype(np.float64))
    np.testing.assert_allclose(HOG().fit_transform(images), expected, rtol=0, atol=1e-5)


def test_memory_layout_does_not_matter():
    images = random_images((4, 16, 16, 3))
    expected = HOG().fit_transform(images)
    read_only = images.copy()
    read_only.setflags(write=False)
    planar = np.ascontiguousarray(images.transpose(3, 0, 1, 2)).transpose(1, 2, 3, 0)
    for variant in (read_only, planar, np.asfortranarray(images), list(images)):
        assert np.array_equal(HOG().fit_transform(variant), expected)
    before = images.astype(np.float64)
    after = before.copy()
    HOG(transform_sqrt=True).fit_transform(after)
    assert np.array_equal(before, after)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((0, 12)), "minimum of 1 is required"),
        (np.zeros((2, 4, 4, 3, 1)), "5 dimensions"),
        (np.full((2, 12), np.nan), "NaN"),
        (np.full((2, 12), np.inf), "infinity"),
        (np.array([["a", "b"]]), "could not convert string|numeric"),
        (np.array([[{}, 1]], dtype=object), "must be a string or a real number"),
        (np.zeros((2, 12), complex), "Complex"),
        (np.zeros(12), "2D array"),
        ([np.zeros((2, 2)), np.zeros((3, 2))], "different shapes"),
    ],
)
def test_bad_images(X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        HOG().fit(X)


def test_sparse_is_refused():
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        HOG().fit(sparse.csr_array(np.eye(12)))


def test_values_too_large():
    images = np.random.default_rng(0).normal(size=(1, 8, 8)) * 1e300
    with pytest.raises(ValueError, match="too large"):
        HOG().fit(images).transform(images)


def test_not_fitted():
    for method in (HOG().transform, HOG().visualize):
        with pytest.raises(NotFittedError):
            method(np.zeros((2, 12)))
    with pytest.raises(NotFittedError):
        HOG().get_feature_names_out()


def test_another_image_shape_than_fitted():
    hog = HOG().fit(np.zeros((2, 8, 8, 3)))
    with pytest.raises(ValueError, match=r"\(16, 12\).*\(8, 8, 3\)"):
        hog.transform(np.zeros((2, 16, 12)))
    with pytest.raises(ValueError, match="expecting 192 features"):
        hog.transform(np.zeros((2, 100)))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"orientations": 0}, "orientations"),
        ({"orientations": 9.0}, "orientations"),
        ({"pixels_per_cell": 8}, "pixels_per_cell"),
        ({"pixels_per_cell": (8, 0)}, "pixels_per_cell"),
        ({"pixels_per_cell": (8, 8, 3)}, "pixels_per_cell"),
        ({"cells_per_block": (2.0, 2)}, "cells_per_block"),
        ({"block_norm": "L3"}, "block_norm"),
        ({"signed": "yes"}, "signed"),
        ({"color": "red"}, "color"),
        ({"color": "gray", "image_shape": (4, 4, 2)}, "color='gray'"),
        ({"transform_sqrt": True}, "transform_sqrt"),
        ({"n_jobs": "two"}, "n_jobs"),
        ({"image_shape": (4, 4)}, "image_shape"),
        ({"image_shape": (4, -8)}, "image_shape"),
    ],
)
def test_bad_parameters_leave_no_trace(kwargs, message):
    X = np.linspace(-1, 1, 64).reshape(2, 32)
    with pytest.raises(ValueError, match=message):
        HOG(**kwargs).fit(X)
    hog = HOG().fit(X)
    before = {name: value for name, value in vars(hog).items() if name.endswith("_")}
    with pytest.raises(ValueError, match=message):
        hog.set_params(**kwargs).fit(X)
    assert {name: value for name, value in vars(hog).items() if name.endswith("_")} == before


def test_transform_sqrt_checks_new_images_too():
    hog = HOG(transform_sqrt=True).fit(np.ones((2, 16)))
    with pytest.raises(ValueError, match="transform_sqrt"):
        hog.transform(-np.ones((2, 16)))
