"""Augmentations against slow and obvious ones, image by image."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone

from sk231n.augmentation import Augmentation, Cutout, Mirror, Shift
from sk231n.core.augmentation import as_augmentations, augment

MODES = ["constant", "edge", "reflect", "symmetric", "wrap"]
DTYPES = ["?", "u1", "i2", ">u2", "i8", "u8", "f2", "f4", ">f4", "f8", "g"]
ORDERS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "reversed": lambda images: images[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1],
    "part": lambda images: images.repeat(2, axis=2)[:, :, ::2],
    "channels first": lambda images: np.moveaxis(np.moveaxis(images, 3, 1).copy(), 1, 3),
}
AUGMENTATIONS = [
    Mirror(), Mirror(0.2), Shift(), Shift(0), Shift(1, "edge"), Shift(2, "reflect"),
    Shift(50, "symmetric"), Shift(3, "wrap"), Cutout(), Cutout(0), Cutout(3),
]  # fmt: skip
IMAGES = np.random.RandomState(0).randint(1, 256, (30, 5, 6, 3)).astype(np.uint8)


class Fixed(Augmentation):
    """An augmentation of one's own, which returns what it is given."""

    def __init__(self, result=None, times=1):
        self.result = result
        self.times = times

    def __call__(self, images, rng):
        return self.result if self.result is not None else self.times * images


def slow_mirror(augmentation, images, rng):
    chances = rng.random_sample(len(images))
    mirrored = [
        np.fliplr(image) if chance < augmentation.p else image
        for image, chance in zip(images, chances, strict=True)
    ]
    return np.array(mirrored, images.dtype).reshape(images.shape)


def slow_shift(augmentation, images, rng):
    n, height, width, _ = images.shape
    p = augmentation.max_pixels
    result = np.zeros_like(images)
    for i, (down, right) in enumerate(zip(*rng.random_sample((2, n)), strict=True)):
        padded = np.pad(images[i], ((p, p), (p, p), (0, 0)), mode=augmentation.mode)
        top, left = 2 * p - int(down * (2 * p + 1)), 2 * p - int(right * (2 * p + 1))
        result[i] = padded[top : top + height, left : left + width]
    return result


def slow_cutout(augmentation, images, rng):
    n, height, width, n_channels = images.shape
    result = images.copy()
    for i, (y, x) in enumerate(zip(*rng.random_sample((2, n)), strict=True)):
        top = int(y * height) - augmentation.size // 2
        left = int(x * width) - augmentation.size // 2
        for row in range(max(0, top), min(height, top + augmentation.size)):
            for column in range(max(0, left), min(width, left + augmentation.size)):
                for channel in range(n_channels):
                    mean = images[i, :, :, channel].mean(dtype=np.float64)
                    if images.dtype.kind != "f":
                        mean = round(mean)  # of two nearest, to the even one
                    result[i, row, column, channel] = mean
    return result


SLOW = {Mirror: slow_mirror, Shift: slow_shift, Cutout: slow_cutout}


@st.composite
def stacks(draw):
    shape = draw(st.tuples(st.integers(0, 4), *[st.integers(1, 6)] * 2, st.integers(1, 4)))
    # Sums of these are exact in any order, and in every dtype.
    return draw(arrays(np.uint8, shape, elements=st.integers(0, 255), fill=st.nothing()))


def augmentations():
    return st.one_of(
        st.builds(Mirror, st.floats(0, 1)),
        st.builds(Shift, st.integers(0, 15), st.sampled_from(MODES)),
        st.builds(Cutout, st.integers(0, 9)),
    )


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    augmentation=augmentations(),
    images=stacks(),
    dtype=st.sampled_from(DTYPES),
    order=st.sampled_from(list(ORDERS)),
    seed=st.integers(0, 2**32 - 1),
)
def test_against_loops(augmentation, images, dtype, order, seed):
    if getattr(augmentation, "mode", None) == "reflect":
        augmentation.max_pixels %= min(images.shape[1:3])
    images = ORDERS[order](images.astype(dtype))
    given = images.copy()
    images.flags.writeable = False
    result = augmentation(images, np.random.RandomState(seed))
    expected = SLOW[type(augmentation)](augmentation, given, np.random.RandomState(seed))
    assert result.dtype == images.dtype
    assert result.flags.c_contiguous
    assert result.flags.writeable
    assert not np.shares_memory(result, images)
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(images, given)


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=str)
class TestEveryAugmentation:
    def test_same_random_numbers_same_bits(self, augmentation):
        images = IMAGES / np.float32(255)
        results = [
            augmentation(order(images), source(np.random.MT19937(7)))
            for order in ORDERS.values()
            for source in (np.random.RandomState, np.random.Generator)
        ]
        for result in results:
            np.testing.assert_array_equal(result, results[0])

    def test_draws_by_the_number_of_images_alone(self, augmentation):
        """What is drawn later depends neither on arguments nor on the size of the images."""
        n_values = len(IMAGES) * (1 if isinstance(augmentation, Mirror) else 2)
        expected = np.random.RandomState(7).random_sample(n_values + 1)[-1]
        for images in (IMAGES, IMAGES[:, :3, :, :1] / 255):
            rng = np.random.RandomState(7)
            augmentation(images, rng)
            assert rng.random_sample() == expected

    def test_is_a_hyper_parameter(self, augmentation):
        rng = np.random.RandomState
        expected = augmentation(IMAGES, rng(3))
        for copy in (
            clone(augmentation), pickle.loads(pickle.dumps(augmentation)), augmentation.plain(),
            eval(repr(augmentation)), type(augmentation)().set_params(**augmentation.get_params()),
        ):  # fmt: skip
            assert copy is not augmentation
            assert repr(copy) == repr(augmentation)
            np.testing.assert_array_equal(copy(IMAGES, rng(3)), expected)

    def test_other_shapes_are_named(self, augmentation):
        for shape in ((5, 6, 3), (30, 90), (), (1, 2, 3, 4, 5)):
            with pytest.raises(ValueError, match=r"images must be of shape \(n_images, .* got \("):
                augmentation(np.zeros(shape), np.random.RandomState(0))


def test_representations():
    assert repr([Mirror(), Shift(2, mode="edge"), Cutout(size=4)]) == (
        "[Mirror(), Shift(max_pixels=2, mode='edge'), Cutout(size=4)]"
    )


def test_the_ends_of_the_probability():
    np.testing.assert_array_equal(Mirror(0)(IMAGES, np.random.RandomState(0)), IMAGES)
    np.testing.assert_array_equal(Mirror(1)(IMAGES, np.random.RandomState(0)), IMAGES[:, :, ::-1])


def test_the_share_of_mirrored_images():
    images = np.broadcast_to(np.array([0, 1]).reshape(1, 1, 2, 1), (10_000, 1, 2, 1))
    for p in (0.1, 0.5):
        share = Mirror(p)(images, np.random.RandomState(0))[:, 0, 0, 0].mean()
        np.testing.assert_allclose(share, p, atol=4 * np.sqrt(p * (1 - p) / 10_000))


@pytest.mark.parametrize("mode", MODES)
def test_each_shift_is_as_likely(mode):
    image = IMAGES[0]
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode=mode)
    allowed = [
        padded[top : top + 5, left : left + 6].tobytes() for top in range(5) for left in range(5)
    ]
    assert len(set(allowed)) == 25
    shifted = Shift(2, mode)(np.broadcast_to(image, (5000, *image.shape)), np.random.RandomState(0))
    found = [result.tobytes() for result in shifted]
    counts = [found.count(one) for one in allowed]
    assert sum(counts) == 5000
    assert 140 < min(counts) < max(counts) < 260  # 200, with a standard deviation of 14


def test_shifts_of_no_pixel():
    for mode in MODES:
        for images in (IMAGES, IMAGES[:, :1, :1]):
            shifted = Shift(0, mode)(images, np.random.RandomState(0))
            np.testing.assert_array_equal(shifted, images)


@pytest.mark.parametrize("max_pixels", [7, 10**5, 2**31 - 1])
def test_shifts_beyond_the_image(max_pixels):
    """They need no more memory than a few images."""
    shifted = {
        mode: Shift(max_pixels, mode)(IMAGES, np.random.RandomState(1))
        for mode in MODES
        if mode != "reflect"
    }
    values = [sorted(image) for image in IMAGES.reshape(30, -1).tolist()]
    assert values == [sorted(image) for image in shifted["wrap"].reshape(30, -1).tolist()]
    seen = shifted["constant"].any(axis=(1, 2, 3))
    assert 0 < seen.sum() < 30 if max_pixels == 7 else not seen.any()
    if max_pixels > 7:
        corners = IMAGES[:, [0, 0, -1, -1], [0, -1, 0, -1]]
        flat = shifted["edge"].reshape(30, -1, 3)
        assert (flat == flat[:, :1]).all()
        assert (flat[:, :1] == corners).all(axis=2).any(axis=1).all()


def test_one_pixel():
    images = IMAGES[:, :1, :1]
    for augmentation in (Mirror(), Shift(mode="edge"), Shift(mode="wrap"), Cutout()):
        changed = augmentation(images, np.random.RandomState(0))
        np.testing.assert_array_equal(changed, images)
    shifted = Shift(1)(images, np.random.RandomState(0))
    assert {0} < set(shifted.ravel().tolist()) <= {0, *images.ravel().tolist()}


def test_reflections_need_larger_images():
    for shape in ((5, 6), (6, 5), (1, 90)):
        images = np.zeros((2, *shape, 3))
        with pytest.raises(
            ValueError,
            match=rf"Shift\(max_pixels=5, mode='reflect'\) needs .* got images of {shape[0]} x",
        ):
            Shift(5, "reflect")(images, np.random.RandomState(0))
    assert Shift(5, "reflect")(np.zeros((2, 6, 6, 3)), np.random.RandomState(0)).shape[1] == 6


def test_squares():
    """Inside of the image a square is whole; at each border, some are clipped."""
    images = np.zeros((4000, 9, 9, 1))
    images[:, 0, 0] = 81.0  # the mean is 1
    for size in (3, 4):
        hidden = Cutout(size)(images, np.random.RandomState(0))[..., 0] == 1
        areas = hidden.sum(axis=(1, 2))
        assert areas.max() == size**2
        assert areas.min() == 4  # at a corner
        assert hidden.any(axis=0).all()
    whole = Cutout(18)(images, np.random.RandomState(0))
    assert (whole == 1).all()


def test_fill_of_integers_is_rounded():
    images = np.array([[0, 1], [1, 1]], np.uint8).reshape(1, 2, 2, 1)
    assert (Cutout(9)(images, np.random.RandomState(0)) == 1).all()
    assert Cutout(9)(images != 0, np.random.RandomState(0)).all()
    assert (Cutout(9)(images / 1, np.random.RandomState(0)) == 0.75).all()


def test_numbers_of_numpy():
    rng = np.random.RandomState
    for ours, theirs in (
        (Shift(100), Shift(np.int8(100))),
        (Shift(200), Shift(np.uint8(200))),
        (Cutout(3), Cutout(np.uint8(3))),
        (Mirror(0.5), Mirror(np.float32(0.5))),
    ):
        theirs.check()
        np.testing.assert_array_equal(theirs(IMAGES, rng(0)), ours(IMAGES, rng(0)))


@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        (Mirror(-0.1), "'p' parameter of Mirror must be a"),
        (Mirror(1.1), "'p' parameter of Mirror must be a"),
        (Mirror(np.nan), "'p' parameter of Mirror must be a"),
        (Mirror(True), "'p' parameter of Mirror must be a"),
        (Mirror("0.5"), "'p' parameter of Mirror must be a"),
        (Mirror(None), "'p' parameter of Mirror must be a"),
        (Shift(-1), "'max_pixels' parameter of Shift must be an int"),
        (Shift(1.0), "'max_pixels' parameter of Shift must be an int"),
        (Shift(2**31), "'max_pixels' parameter of Shift must be an int"),
        (Shift(False), "'max_pixels' parameter of Shift must be an int"),
        (Shift((1, 2)), "'max_pixels' parameter of Shift must be an int"),
        (Shift(mode="reflection"), "'mode' parameter of Shift .*Did you mean 'reflect'"),
        (Shift(mode="mean"), "'mode' parameter of Shift must be a str among"),
        (Shift(mode=None), "'mode' parameter of Shift must be a str among"),
        (Cutout(-1), "'size' parameter of Cutout must be an int"),
        (Cutout(8.0), "'size' parameter of Cutout must be an int"),
        (Cutout((8, 8)), "'size' parameter of Cutout must be an int"),
    ],
    ids=str,
)
def test_bad_arguments(augmentation, message):
    for check in (augmentation.check, lambda: as_augmentations([Mirror(), augmentation])):
        with pytest.raises(ValueError, match=message):
            check()


class TestTheArgument:
    def test_none_one_or_several(self):
        mirror, shift = Mirror(), Shift()
        assert as_augmentations(None) == []
        assert as_augmentations(mirror) == [mirror]
        for several in ([mirror, shift], (mirror, shift), np.array([mirror, shift])):
            assert as_augmentations(several) == [mirror, shift]
            assert as_augmentations(several) is not several
        assert as_augmentations([]) == []
        one = np.empty((), object)
        one[()] = mirror
        assert as_augmentations(one) == [mirror]

    @pytest.mark.parametrize(
        ("value", "got"),
        [
            ("mirror", "'mirror'"),
            (Mirror, "<class"),
            ([Mirror(), "shift"], "'shift'"),
            ([Mirror(), None], "None"),
            ([[Mirror()]], r"\[Mirror\(\)\]"),
            ({"mirror": Mirror()}, r"\{'mirror'"),
            (True, "True"),
            (0.5, "0.5"),
            (lambda images, rng: images, "<function"),
            (np.zeros(2), "0.0"),
        ],
    )  # fmt: skip
    def test_anything_else(self, value, got):
        message = rf"augmentation: expected objects such as Mirror\(\), Shift\(\); got {got}"
        with pytest.raises(TypeError, match=message):
            as_augmentations(value)


class TestSeveral:
    def test_in_their_order(self):
        several = [Shift(2), Cutout(3), Mirror()]
        rng = np.random.RandomState(0)
        expected = IMAGES
        for augmentation in several:
            expected = augmentation(expected, rng)
        given = IMAGES.copy()
        result = augment(several, given, np.random.RandomState(0))
        np.testing.assert_array_equal(result, expected)
        np.testing.assert_array_equal(given, IMAGES)
        assert given.flags.writeable

    def test_none_of_them(self):
        assert augment([], IMAGES, None) is IMAGES


class TestOfOnesOwn:
    def test_needs_call_alone(self):
        with pytest.raises(NotImplementedError, match="Augmentation has no __call__"):
            Augmentation()(IMAGES, None)
        own = Fixed(times=2)
        np.testing.assert_array_equal(augment([own, Mirror(0), own], IMAGES, np.random), IMAGES * 4)
        assert as_augmentations(own) == [own]
        assert clone(own).set_params(times=3).get_params() == {"result": None, "times": 3}
        assert repr(pickle.loads(pickle.dumps(own))) == "Fixed(times=2)"

    @pytest.mark.parametrize(
        ("result", "got"),
        [
            (IMAGES[:, 1:], r"ndarray of shape \(30, 4, 6, 3\) and dtype uint8"),
            (IMAGES / 255, r"ndarray of shape \(30, 5, 6, 3\) and dtype float64"),
            (IMAGES.tolist(), r"list of shape \(30, 5, 6, 3\) and dtype int64"),
            ("images", r"str of shape \(\) and dtype <U6"),
        ],
    )
    def test_wrong_results_are_named(self, result, got):
        with pytest.raises(ValueError, match=rf"(?s)Fixed\(.* must return images .*; got {got}"):
            augment([Fixed(result)], IMAGES, None)

    def test_nothing_is_returned(self):
        class Forgotten(Augmentation):
            def __call__(self, images, rng):
                pass

        with pytest.raises(ValueError, match=r"Forgotten\(\) must return images .* got NoneType"):
            augment([Forgotten()], IMAGES, None)

    def test_images_are_read_only(self):
        class InPlace(Augmentation):
            def __call__(self, images, rng):
                images += 1
                return images

        given = IMAGES.copy()
        with pytest.raises(ValueError, match="read-only"):
            augment([InPlace()], given, None)
        np.testing.assert_array_equal(given, IMAGES)

    def test_views_become_arrays_in_c_order(self):
        class UpsideDown(Augmentation):
            def __call__(self, images, rng):
                return images[:, ::-1]

        result = augment([UpsideDown()], IMAGES, None)
        assert result.flags.c_contiguous
        np.testing.assert_array_equal(result, IMAGES[:, ::-1])
