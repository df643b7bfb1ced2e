"""Features are equal to the bit for any threads, backend, layout and number of other images."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from sk231n import HOG, ColorMoments, HSVHistogram
from sk231n.features import _batch

ALL_MOMENTS = ("mean", "std", "skew")
TRANSFORMERS = [
    HOG(),
    HOG(color="gray"),
    HOG(color="each", orientations=5, cells_per_block=(1, 2)),
    HOG(color="gray", transform_sqrt=True, block_norm="L1-sqrt"),
    HOG(block_norm=None, signed=True, pixels_per_cell=(5, 7)),
    HOG(block_norm="L2", transform_sqrt=True, orientations=12),
    HOG(block_norm="L1", color="each", transform_sqrt=True),
    HSVHistogram(),
    HSVHistogram(channels="hsv", bins=(6, 3, 2), grid=(2, 3)),
    HSVHistogram(channels="sv", bins=5, density=False),
    ColorMoments(moments=ALL_MOMENTS),
    ColorMoments(grid=(1, 1), color_space="opponent", moments=ALL_MOMENTS),
    ColorMoments(grid=(3, 2), color_space="hsv", moments=ALL_MOMENTS),
]
DTYPES = ["?", "u1", "i1", "u2", "i4", "f2", "f4", "f8", ">f4", ">f8"]
SHAPE = (13, 20, 18, 3)


def random_images(dtype, shape=SHAPE):
    values = np.random.default_rng(0).random(shape)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return values < 0.5
    return (values if kind == "f" else values * np.iinfo(dtype).max).astype(dtype)


def layouts(images, tmp_path):
    """The same images in other memory layouts, and as rows."""
    rows = images.reshape(len(images), -1)
    yield np.asfortranarray(images)
    yield np.ascontiguousarray(images.transpose(3, 0, 1, 2)).transpose(1, 2, 3, 0)  # plane by plane
    yield np.ascontiguousarray(images.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)
    yield np.repeat(np.repeat(images, 2, axis=0), 3, axis=2)[::2, :, ::3]
    yield images[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1]
    odd = np.zeros(len(images), [("id", "u1"), ("image", images.dtype, images.shape[1:])])
    odd["image"] = images
    yield odd["image"]  # not aligned
    yield list(images)
    for some in images, rows:
        locked = some.copy()
        locked.setflags(write=False)
        yield locked
        mapped = np.memmap(tmp_path / f"{some.ndim}", some.dtype, "w+", shape=some.shape)
        mapped[:] = some
        yield mapped
    yield rows
    yield np.asfortranarray(rows)
    yield np.repeat(rows, 2, axis=1)[:, ::2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_layouts(transformer, dtype, tmp_path):
    images = random_images(dtype)
    transformer = clone(transformer).set_params(image_shape=SHAPE[1:])
    expected = transformer.fit_transform(images)
    before = images.copy()
    for variant in layouts(images, tmp_path):
        np.testing.assert_array_equal(transformer.fit_transform(variant), expected)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_other_images_do_not_matter(monkeypatch, transformer, dtype):
    images = random_images(dtype)
    transformer = clone(transformer).fit(images)
    whole = transformer.transform(images)
    for pixels in (1, 20 * 18 * 3, 2**20):
        monkeypatch.setattr(_batch, "PIXELS_PER_BLOCK", pixels)
        for subset in (
            slice(None),
            slice(0, 1),
            slice(12, 13),
            slice(3, 10),
            slice(None, None, -2),
        ):
            np.testing.assert_array_equal(transformer.transform(images[subset]), whole[subset])


@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_threads(monkeypatch, transformer, dtype):
    images = random_images(dtype)
    monkeypatch.setattr(_batch, "PIXELS_PER_BLOCK", 20 * 18 * 2)
    transformer = clone(transformer).fit(images)
    with joblib.parallel_config(n_jobs=1):
        expected = transformer.transform(images)
    for n_jobs in (2, 3, 5, 100):
        with joblib.parallel_config(n_jobs=n_jobs):
            np.testing.assert_array_equal(transformer.transform(images), expected)
        if "n_jobs" in transformer.get_params():
            explicit = clone(transformer).set_params(n_jobs=n_jobs)
            np.testing.assert_array_equal(explicit.fit_transform(images), expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_backends(backend):
    images = random_images("f4", (200, 32, 32, 3))  # several blocks
    transformers = [clone(transformer).fit(images) for transformer in TRANSFORMERS]
    expected = [transformer.transform(images) for transformer in transformers]
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found = joblib.Parallel()(
            joblib.delayed(transformer.transform)(images) for transformer in transformers
        )
    for ours, theirs in zip(expected, found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_blocks_are_cut_by_shapes_alone(monkeypatch):
    cuts = []
    monkeypatch.setattr(_batch, "run_on_threads", lambda make, blocks, n: cuts.append(blocks))
    for n_jobs in (1, 2, 3, 5, 64):
        _batch.run_in_blocks(None, 1000, 32 * 32, n_jobs)
    assert cuts[0][0] == slice(0, 125)
    assert cuts[0][-1] == slice(875, 1000)
    assert all(cut == cuts[0] for cut in cuts)
