"""The bin of each colour: the course's arithmetic, even on the edges of bins."""

from functools import cache

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv

from sk231n import HSVHistogram, reference
from sk231n.features._color_spaces import byte_bins

BINS = [*range(1, 37), 48, 51, 64, 85, 100, 180, 255, 256, 360, 1530]
DTYPES = [np.uint8, np.uint16, np.int16, np.int32, np.uint64, np.float32, np.float64]


def course_counts(image, n_bins, channel=0, xmax=255):
    """Counts of `color_histogram_hsv` of assignment 1, for any channel of HSV."""
    edges = np.linspace(0, 255, n_bins + 1)
    return np.histogram(rgb_to_hsv(image / xmax)[..., channel] * 255, bins=edges)[0]


def course_bins(colors, n_bins, channel=0, xmax=255):
    """The same, pixel by pixel: the bin of each of the colours (n, 3)."""
    edges = np.linspace(0, 255, n_bins + 1)
    x = rgb_to_hsv(colors / xmax)[..., channel] * 255
    return np.minimum(np.searchsorted(edges, x, side="right") - 1, n_bins - 1)


def our_bins(colors, n_bins, channel="h", **kwargs):
    """Bin of each of the colours (n, 3), each an image of one pixel."""
    histogram = HSVHistogram(bins=n_bins, channels=channel, density=False, **kwargs)
    counts = histogram.fit_transform(colors[:, np.newaxis, np.newaxis])
    assert np.array_equal(counts.sum(axis=1), np.ones(len(colors)))
    return counts.argmax(axis=1)


@cache
def colors_on_edges(n_bins):
    """All colours of bytes whose hue is within rounding of the edge of a bin."""
    chroma, middle = np.mgrid[1:256, 0:256].reshape(2, -1)
    chroma, middle = chroma[middle <= chroma], middle[middle <= chroma]
    found = []
    for order in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
        colors = np.stack([0 * chroma, middle, chroma], axis=1)[:, order]
        x = rgb_to_hsv(colors / 255)[:, 0] * n_bins
        colors = colors[np.abs(x - np.round(x)) < 1e-9 * n_bins]
        brighter = colors[:, np.newaxis] + np.arange(256)[:, np.newaxis]  # the same hue
        found.append(brighter[brighter.max(axis=2) <= 255])
    return np.concatenate(found).astype(np.uint8)


def random_colors(n, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 3)).astype(dtype)


def test_all_colors_fall_where_the_course_puts_them():
    edges = np.linspace(0, 255, 11)
    cells = HSVHistogram(grid=(256, 256), density=False)  # one pixel per cell
    for red in range(0, 256, 8):
        images = np.stack(np.mgrid[red : red + 8, :256, :256], axis=-1).astype(np.uint8)
        ours = cells.fit_transform(images).reshape(-1, 10)
        hues = (rgb_to_hsv(images / 255)[..., 0] * 255).ravel()
        assert ours.sum() == len(hues)
        for k in range(10):
            counts = np.histogram(hues[ours[:, k] == 1], bins=edges)[0]
            assert counts[k] == counts.sum()


def test_a_color_on_an_edge():
    color = np.array([[51, 255, 0]], np.uint8)  # hue 3/10
    assert our_bins(color, 10) == [3]
    assert our_bins(color / 255, 10) == [3]
    assert reference.hue_histogram(color[np.newaxis] / 255).argmax() == 3


@pytest.mark.parametrize("n_bins", BINS)
def test_any_number_of_bins_of_hue(n_bins):
    for colors in colors_on_edges(n_bins)[: 2**18], random_colors(50_000):
        planes = [colors[:, k] for k in range(3)]
        np.testing.assert_array_equal(byte_bins(planes, "h", n_bins), course_bins(colors, n_bins))


@pytest.mark.parametrize("n_bins", BINS)
def test_any_number_of_bins_of_saturation_and_value(n_bins):
    least, value = np.mgrid[:256, :256].reshape(2, -1)
    colors = np.stack([value, least, value], axis=1)[least <= value].astype(np.uint8)
    planes = [colors[:, k] for k in range(3)]
    for k, channel in [(1, "s"), (2, "v")]:
        bins = byte_bins(planes, channel, n_bins)
        np.testing.assert_array_equal(bins, course_bins(colors, n_bins, k))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_bins", [2, 5, 6, 10, 12, 15, 30, 36])
def test_any_type_of_data(n_bins, dtype):
    on_edges = colors_on_edges(n_bins)
    few = np.random.default_rng(0).permutation(len(on_edges))[:10_000]
    colors = np.concatenate([on_edges[few], random_colors(2_000)])
    for k, channel in enumerate("hsv"):
        expected = course_bins(colors.astype(dtype), n_bins, k)
        ours = our_bins(colors.astype(dtype), n_bins, channel, data_range=255)
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("n_bins", [5, 10, 15, 36])
def test_one_color_in_several_units(n_bins):
    """A colour falls into the same bin for any value of full intensity."""
    colors = np.concatenate([colors_on_edges(n_bins)[::7], random_colors(2_000)])
    for channel in "hsv":
        expected = our_bins(colors, n_bins, channel)
        for other in colors / 255, colors.astype(np.uint16) * 257, colors.astype(np.uint32) * 2**24:
            full = {"data_range": 255 * 2**24} if other.dtype == np.uint32 else {}
            np.testing.assert_array_equal(our_bins(other, n_bins, channel, **full), expected)


@pytest.mark.parametrize(("dtype", "xmax"), [(np.uint16, 4095), (np.float32, 1), (np.float64, 7.5)])
def test_other_ranges(dtype, xmax):
    colors = (np.random.default_rng(0).integers(0, 61, (20_000, 3)) / 60 * xmax).astype(dtype)
    for k, channel in enumerate("hsv"):
        expected = course_bins(colors, 10, k, dtype(xmax) if dtype == np.float32 else xmax)
        ours = our_bins(colors, 10, channel, data_range=xmax)
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("n_bins", [7, 10, 30])
def test_histograms_are_the_course_s_and_the_reference_s(n_bins):
    colors = np.concatenate([colors_on_edges(n_bins)[::997], random_colors(200)])
    image = colors[: len(colors) // 4 * 4].reshape(4, -1, 3)
    for k, channel in enumerate("hsv"):
        kwargs = {"bins": n_bins, "channels": channel}
        counts = HSVHistogram(density=False, **kwargs).fit_transform(image[np.newaxis])[0]
        np.testing.assert_array_equal(counts, course_counts(image, n_bins, k))
        fractions = HSVHistogram(**kwargs).fit_transform(image[np.newaxis] / 255)[0]
        in_loops = reference.hsv_histogram(image / 255, (n_bins,), channel)
        np.testing.assert_allclose(fractions, in_loops, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_joint_histograms(dtype):
    colors = np.concatenate([colors_on_edges(10)[::97], random_colors(2_000)])
    n_bins = (10, 5, 15)
    edges = [np.linspace(0, 255, n + 1) for n in n_bins]
    expected = np.histogramdd(rgb_to_hsv(colors / 255) * 255, bins=edges)[0]
    image = colors[np.newaxis, np.newaxis].astype(dtype)
    joint = HSVHistogram(bins=n_bins, channels="hsv", density=False, data_range=255)
    np.testing.assert_array_equal(joint.fit_transform(image)[0], expected.ravel())
