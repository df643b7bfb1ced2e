"""Invalid arguments of the features: fit names them, before it validates the data."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.base import clone

from sk231n import HOG, ColorMoments, HSVHistogram, MeanSubtraction

NOT_A_NUMBER = [
    True,
    False,
    np.True_,
    float("nan"),
    float("inf"),
    -1,
    0,
    "two",
    b"2",
    1j,
    [],
    object(),
]
NOT_AN_INTEGER = [
    *NOT_A_NUMBER,
    2.0,
    np.float64(3),
    Fraction(1, 2),
    None,
    10**30,
    10**400,
    -(10**30),
]
NOT_A_PAIR = [
    2, True, None, "ab", {2, 3}, np.array([2, 2]), (), (2,), (2, 2, 2), (True, True), (2, True),
    (2, np.True_), (0, 2), (2, -1), (2.0, 2), (np.nan, 2), (None, 2), ("2", 2), [[2], 2],
    (-(10**30), 2),
]  # fmt: skip
NOT_A_SHAPE = [
    2, True, "ab", {2, 3}, np.array([2, 2]), (), (2,), (2, 2, 2, 2), (True, 2), (2, 2, False),
    (0, 2), (2, -1), (2.0, 2), (np.nan, 2), (None, 2), [[2], 2], (-(10**30), 2),
]  # fmt: skip
NOT_A_NAME = [True, None, "red", "", b"max", ["max"], 3]
NOT_A_SWITCH = [1, 0, "yes", None, 1.0]
NOT_THREADS = [0, True, False, 2.0, float("nan"), "two", (2,), np.float64(2)]
BAD = [
    (HOG, "image_shape", NOT_A_SHAPE),
    (HOG, "orientations", [*NOT_AN_INTEGER, 2**16 + 1]),
    (HOG, "pixels_per_cell", NOT_A_PAIR),
    (HOG, "cells_per_block", NOT_A_PAIR),
    (HOG, "block_norm", [name for name in NOT_A_NAME if name is not None]),
    (HOG, "signed", NOT_A_SWITCH),
    (HOG, "color", NOT_A_NAME),
    (HOG, "transform_sqrt", NOT_A_SWITCH),
    (HOG, "n_jobs", NOT_THREADS),
    (HSVHistogram, "image_shape", NOT_A_SHAPE),
    (HSVHistogram, "bins", [*NOT_AN_INTEGER, 2**24 + 1]),
    (HSVHistogram, "bins", [(), (2, 2), (True,), (10**30,), (2.0,), [[2]]]),
    (HSVHistogram, "channels", [*NOT_A_NAME, "sh", "hh", ("h", "s")]),
    (HSVHistogram, "grid", NOT_A_PAIR),
    (HSVHistogram, "density", NOT_A_SWITCH),
    (HSVHistogram, "data_range", [*NOT_A_NUMBER, Fraction(1, 2), 10**400, 1e-300, 1e300, (0, 255)]),
    (HSVHistogram, "n_jobs", NOT_THREADS),
    (ColorMoments, "image_shape", NOT_A_SHAPE),
    (ColorMoments, "grid", NOT_A_PAIR),
    (ColorMoments, "color_space", NOT_A_NAME),
    (ColorMoments, "moments", ["mean", None, {"mean"}]),
    (ColorMoments, "moments", [(), ("mean", "mean"), ("median",), (1,), (True,)]),
    (MeanSubtraction, "image_shape", NOT_A_SHAPE),
    (MeanSubtraction, "mode", NOT_A_NAME),
]  # fmt: skip


@pytest.mark.parametrize(
    ("Transformer", "name", "values"), BAD, ids=[f"{case[0].__name__}-{case[1]}" for case in BAD]
)
def test_bad_arguments(Transformer, name, values):
    images = np.zeros((2, 8, 8, 3), np.uint8)
    transformer = Transformer().fit(images)
    before = dict(vars(transformer))
    for value in values:
        for X in images, None:  # None: the argument is checked first
            with pytest.raises((ValueError, TypeError), match=name):
                clone(transformer).set_params(**{name: value}).fit(X)
            with pytest.raises((ValueError, TypeError), match=name):
                transformer.set_params(**{name: value}).fit(X)
            transformer.set_params(**{name: before[name]})
            assert vars(transformer).keys() == before.keys()
            assert all(vars(transformer)[key] is before[key] for key in before)


def test_every_argument_is_looked_at():
    for Transformer in HOG, HSVHistogram, ColorMoments, MeanSubtraction:
        named = {name for other, name, _ in BAD if other is Transformer}
        assert named == set(Transformer().get_params())


def test_several_bins_may_not_be_too_many_together():
    with pytest.raises(ValueError, match=r"bins=1000 for channels='hsv' make a histogram of more"):
        HSVHistogram(bins=1000, channels="hsv").fit(np.zeros((2, 8, 8, 3)))
    with pytest.raises(ValueError, match=r"bins .* one for each of channels='hsv'; got \(2, 3\)"):
        HSVHistogram(bins=(2, 3), channels="hsv").fit(np.zeros((2, 8, 8, 3)))


def test_an_image_shape_that_no_row_has():
    for shape in [(10**30, 2), (2, 10**400), [8, 8, 10**30]]:
        with pytest.raises(ValueError, match="image_shape"):
            HOG(image_shape=shape).fit(np.zeros((2, 192)))


def test_large_cells_and_grids_end_at_the_image():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    for huge in 10**30, 10**400, np.iinfo(np.int64).max:
        for kwargs in {"pixels_per_cell": (huge, huge)}, {"cells_per_block": (huge, 1)}:
            expected = HOG(**dict.fromkeys(kwargs, (8, 8))).fit_transform(images)
            np.testing.assert_array_equal(HOG(**kwargs).fit_transform(images), expected)
        cells = HSVHistogram(grid=(huge, huge)).fit(images)
        assert cells.grid_ == (8, 8)
        assert ColorMoments(grid=[huge, 1]).fit(images).grid_ == (8, 1)


def test_unusual_numbers_that_are_numbers():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    floats = images / 510
    expected = HSVHistogram(bins=5, channels="v", data_range=0.5).fit_transform(floats)
    half = HSVHistogram(bins=np.int8(5), channels="v", data_range=np.float16(0.5))
    np.testing.assert_array_equal(half.fit_transform(floats), expected)
    for n_jobs in -1, -(10**30), np.int64(2), 10**30:
        hog = HOG(n_jobs=n_jobs, orientations=np.uint8(9))
        np.testing.assert_array_equal(hog.fit_transform(images), HOG().fit_transform(images))


@pytest.mark.parametrize("scale", [1e-30, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_smallest_and_the_largest_range(dtype, scale):
    images = np.random.default_rng(0).random((2, 8, 8, 3)).astype(dtype)
    expected = HSVHistogram(channels="v", bins=3).fit_transform(images)
    scaled = HSVHistogram(channels="v", bins=3, data_range=scale)
    np.testing.assert_array_equal(scaled.fit_transform(images * dtype(scale)), expected)


def test_many_bins():
    images = np.random.default_rng(0).integers(0, 256, (300, 4, 4, 3), dtype=np.uint8)
    counts = HSVHistogram(bins=2**16, density=False).fit_transform(images)
    assert counts.shape == (300, 2**16)
    assert np.all(counts.sum(axis=1) == 16)
    raw = HOG(orientations=2**16, block_norm=None).fit_transform(images[:20])
    few = HOG(orientations=2**4, block_norm=None).fit_transform(images[:20])
    np.testing.assert_allclose(raw.reshape(20, 16, -1).sum(axis=2), few, rtol=1e-5)


@pytest.mark.parametrize(
    ("transformer", "name"),
    [
        (HOG(color="grey"), "gray"),
        (HOG(color="Each"), "each"),
        (HOG(block_norm="l2-hys"), "L2-Hys"),
        (HSVHistogram(channels="HS"), "hs"),
        (ColorMoments(color_space="RGB"), "rgb"),
        (ColorMoments(moments=("mean", "sdt")), "std"),
        (MeanSubtraction(mode="pixels"), "pixel"),
    ],
)
def test_the_name_that_was_meant(transformer, name):
    with pytest.raises(ValueError, match=rf"Did you mean '{name}'\?"):
        transformer.fit(np.zeros((2, 8, 8, 3)))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64, np.int64])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_integers_of_numpy_count_like_python_s(kind, dtype):
    """The numbers may be of any NumPy integer type, however small."""
    images = np.random.default_rng(0).integers(0, 2, (40, 32, 32, 3)).astype(dtype)
    two, nine = kind(2), kind(9)
    for transformer, same in [
        (HOG(orientations=nine), HOG(orientations=9)),
        (HOG(None, pixels_per_cell=(two, two), cells_per_block=(two, two), orientations=nine),
         HOG(None, pixels_per_cell=(2, 2), cells_per_block=(2, 2), orientations=9)),
        (HSVHistogram(bins=nine, channels="hsv", grid=(nine, two)),
         HSVHistogram(bins=9, channels="hsv", grid=(9, 2))),
        (ColorMoments(grid=(nine, two)), ColorMoments(grid=(9, 2))),
        (HSVHistogram(n_jobs=two), HSVHistogram()),
    ]:  # fmt: skip
        found, expected = transformer.fit_transform(images), same.fit_transform(images)
        np.testing.assert_array_equal(found, expected)
        names = transformer.get_feature_names_out()
        np.testing.assert_array_equal(names, same.get_feature_names_out())
        assert len(names) == expected.shape[1]
    shape = (kind(32), kind(32), kind(3))
    rows = images.reshape(40, -1)
    np.testing.assert_array_equal(
        HOG(shape, orientations=nine).fit_transform(rows), HOG().fit_transform(images)
    )
    pictures = HOG(orientations=nine).fit(images).visualize(images)
    np.testing.assert_array_equal(pictures, HOG().fit(images).visualize(images))


@pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")  # by NumPy 2.5
def test_a_span_of_time_is_no_number():
    for value in (np.timedelta64(2, "s"), np.timedelta64(2)):
        for transformer, name in [
            (HOG(pixels_per_cell=(value, 2)), "pixels_per_cell"),
            (HOG(image_shape=(8, value, 3)), "image_shape"),
            (HSVHistogram(bins=(value,)), "bins"),
            (ColorMoments(grid=(2, value)), "grid"),
        ]:
            with pytest.raises(ValueError, match=name):
                transformer.fit(np.zeros((2, 8, 8, 3)))


@pytest.mark.parametrize("names", [3, None, "a", [1], np.array("a"), slice(2), {}, [["a"]]])
@pytest.mark.parametrize("transformer", [HOG(), HSVHistogram(), ColorMoments()])
def test_names_of_pixels_are_named(transformer, names):
    fitted = transformer.fit(np.zeros((2, 192)))
    if names is None:
        assert (
            len(fitted.get_feature_names_out(None)) == fitted.transform(np.zeros((2, 192))).shape[1]
        )
        return
    with pytest.raises((TypeError, ValueError), match="input_features"):
        fitted.get_feature_names_out(names)
