"""HOG of each channel separately."""

from contextlib import suppress

import numpy as np
import pytest

from sk231n import HOG, reference
from sk231n.features import _batch

with suppress(ModuleNotFoundError):  # the extra referees
    from skimage.feature import hog as skimage_hog


def random_images(shape=(4, 32, 32, 3), dtype=np.float64, seed=0):
    noise = np.random.default_rng(seed).random(shape)
    for axis in (1, 2):
        noise = noise + np.roll(noise, 1, axis) + np.roll(noise, 2, axis)
    noise /= noise.max()
    return (noise * 255).astype(dtype) if np.dtype(dtype).kind in "ui" else noise.astype(dtype)


def channel_by_channel(images, **kwargs):
    rows = [
        np.concatenate([skimage_hog(image[..., k], **kwargs) for k in range(image.shape[2])])
        for image in images
    ]
    return np.array(rows)


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("block_norm", ["L1", "L1-sqrt", "L2", "L2-Hys"])
@pytest.mark.parametrize("transform_sqrt", [False, True])
@pytest.mark.parametrize("shape", [(3, 32, 32, 3), (2, 25, 41, 2), (2, 40, 23, 5), (2, 24, 24, 1)])
def test_equals_skimage(shape, transform_sqrt, block_norm):
    images = random_images(shape)
    kwargs = {"block_norm": block_norm, "transform_sqrt": transform_sqrt, "orientations": 7}
    kwargs |= {"pixels_per_cell": (8, 6), "cells_per_block": (2, 1)}
    expected = channel_by_channel(images, **kwargs)
    features = HOG(color="each", **kwargs).fit_transform(images)
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-10)


@pytest.mark.referee("scikit-image")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_other_types_equal_skimage(dtype):
    images = random_images((20, 32, 32, 3), dtype)
    features = HOG(color="each").fit_transform(images)
    expected = channel_by_channel(images.astype(np.float64), cells_per_block=(2, 2))
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("kwargs", [{}, {"block_norm": None, "signed": True}])
def test_is_the_hog_of_each_channel(monkeypatch, kwargs, dtype):
    monkeypatch.setattr(_batch, "PIXELS_PER_BLOCK", 20 * 18 * 4)
    images = (random_images((9, 20, 18, 3)) * 2).astype(dtype)
    one_by_one = [HOG(**kwargs).fit_transform(images[..., k]) for k in range(3)]
    features = HOG(color="each", **kwargs).fit_transform(images)
    np.testing.assert_array_equal(features, np.hstack(one_by_one))


def test_equals_the_reference():
    images = random_images((2, 17, 20, 3))
    for kwargs in {}, {"block_norm": None}, {"transform_sqrt": True, "signed": True}:
        features = HOG(color="each", **kwargs).fit_transform(images)
        expected = [reference.hog(image, color="each", **kwargs) for image in images]
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-5)


def test_a_grey_image_has_one_channel():
    images = random_images((3, 16, 16))
    each, usual = HOG(color="each").fit(images), HOG().fit(images)
    np.testing.assert_array_equal(each.transform(images), usual.transform(images))
    np.testing.assert_array_equal(each.visualize(images), usual.visualize(images))
    assert each.get_feature_names_out()[0] == "hog_ch0_r0_c0_y0_x0_bin0"


def test_names_and_data_frames():
    images = random_images((2, 16, 24, 3))
    hog = HOG(color="each", orientations=4).set_output(transform="pandas").fit(images)
    names = hog.get_feature_names_out()
    assert names[0] == "hog_ch0_r0_c0_y0_x0_bin0"
    assert names[-1] == "hog_ch2_r0_c1_y1_x1_bin3"
    assert len(set(names)) == len(names) == 3 * 2 * 4 * 4
    frame = hog.transform(images)
    assert list(frame.columns) == list(names)
    green = [name for name in names if name.startswith("hog_ch1_")]
    expected = HOG(orientations=4).fit_transform(images[..., 1])
    np.testing.assert_array_equal(frame[green], expected)
    raw = HOG(color="each", block_norm=None).fit(images)
    assert raw.get_feature_names_out()[-1] == "hog_ch2_r1_c2_bin8"


@pytest.mark.referee("scikit-image")
def test_pictures_add_up():
    images = random_images((2, 24, 32, 3))
    expected = sum(
        np.array([skimage_hog(image[..., k], visualize=True)[1] for image in images])
        for k in range(3)
    )
    pictures = HOG(color="each").fit(images).visualize(images)
    assert pictures.shape == (2, 24, 32)
    np.testing.assert_allclose(pictures, expected, rtol=0, atol=1e-10)


def test_channels_of_equal_strength_all_count():
    """An edge that "max" loses, because it uses only one channel at each pixel."""
    image = np.zeros((1, 8, 8, 3))
    image[0, :, 4:, 0] = 1  # red has a vertical edge
    image[0, 4:, :, 1] = 1  # green a horizontal one
    raw = HOG(color="each", orientations=2, block_norm=None).fit_transform(image)
    vertical, horizontal = raw[0, :2], raw[0, 2:4]
    assert vertical[0] == horizontal[1] > 0
    assert vertical[1] == horizontal[0] == 0
    assert not raw[0, 4:].any()
