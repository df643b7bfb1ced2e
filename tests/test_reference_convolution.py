"""The loops of convolution and pooling: the numbers of the notes, examples by hand, differences.

The notes are https://cs231n.github.io/convolutional-networks/.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d

from sk231n import reference

drawn = settings(derandomize=True, deadline=None, max_examples=30)


def normal(*shape, seed=0):
    return np.random.RandomState(seed).standard_normal(shape)


def assert_is_the_gradient(analytic, f, x):
    """Relative to the largest entry; to one if all are smaller, as they are where x is not seen."""
    numerical = reference.numerical_gradient(f, x)
    assert analytic.dtype == np.float64
    assert analytic.shape == numerical.shape
    assert np.abs(analytic - numerical).max() < 1e-7 * max(1, np.abs(analytic).max())


# Numbers of the notes ----------------------------------------------------------------------------


class TestSides:
    @pytest.mark.parametrize(
        ("side", "size", "stride", "padding", "expected"),
        [
            (7, 3, 1, 0, 5),
            (7, 3, 2, 0, 3),
            (5, 3, 1, 1, 5),
            (5, 3, 2, 1, 3),
            (227, 11, 4, 0, 55),  # AlexNet's first layer
            (7, 7, 1, 0, 1),  # fully connected, as a convolution
            (1, 1, 1, 0, 1),  # and the fully connected layer after it
            (12, 7, 1, 0, 6),
            (384, 224, 32, 0, 6),  # crops of 224 pixels, at a stride of 32
            (224, 2, 2, 0, 112),  # pooling
            (5, 3, 2, 0, 2),  # pooling that overlaps
        ],
    )
    def test_of_the_notes(self, side, size, stride, padding, expected):
        found = reference.conv_output_side(side, size, stride, padding)
        assert type(found) is int
        assert found == expected

    @pytest.mark.parametrize("size", [1, 3, 5, 7])
    def test_half_a_filter_of_zeros_keeps_the_side(self, size):
        assert reference.conv_output_side(32, size, padding=(size - 1) // 2) == 32

    @pytest.mark.parametrize("side", [32, 64, 96, 224, 384, 512])
    def test_halved_five_times(self, side):
        halved = side
        for _ in range(5):
            halved = reference.conv_output_side(halved, size=3, padding=1)
            halved = reference.conv_output_side(halved, size=2, stride=2)
        assert halved == side / 32
        assert {224: 7, 384: 12}.get(side, halved) == halved

    @pytest.mark.parametrize(
        ("arguments", "shown"),
        [
            ((10, 3, 2), r"\(10 - 3 \+ 2\*0\) / 2 \+ 1 = 4\.5,"),  # of the notes
            ((224, 11, 4), r"\(224 - 11 \+ 2\*0\) / 4 \+ 1 = 54\.25,"),  # of AlexNet's paper
            ((2, 5, 1, 1), r"\(2 - 5 \+ 2\*1\) / 1 \+ 1 = 0,"),
            ((2, 5), r"\(2 - 5 \+ 2\*0\) / 1 \+ 1 = -2,"),
            ((2, 5, 7), r"\(2 - 5 \+ 2\*0\) / 7 \+ 1 = 0\.571429,"),
            ((8, 3, 2, 1, 2), r"\(8 - 5 \+ 2\*1\) / 2 \+ 1 = 3\.5,"),
            ((8, 3, 2, (0, 0)), r"\(8 - 3 \+ 2\*0\) / 2 \+ 1 = 3\.5,"),
            ((8, 4, 2, (1, 2)), r"\(8 - 4 \+ 1 \+ 2\) / 2 \+ 1 = 4\.5,"),
        ],
    )
    def test_filters_that_do_not_fit(self, arguments, shown):
        with pytest.raises(ValueError, match=rf"does not fit: .* = {shown} .* whole number >= 1"):
            reference.conv_output_side(*arguments)

    def test_zeros_before_and_after(self):
        assert reference.conv_output_side(4, 3, 2, (0, 1)) == 2
        assert reference.conv_output_side(5, 3, 2, (1, 1)) == 3

    @pytest.mark.parametrize(
        "loops",
        [
            lambda x: reference.conv_forward(x, normal(3, 3, 1, 1), np.zeros(1), stride=2),
            lambda x: reference.conv_as_matrix_product(x, normal(3, 3, 1, 1), np.zeros(1), 2),
            lambda x: reference.im2col(x[0], 3, stride=2),
        ],
        ids=["forward", "matrix product", "im2col"],
    )
    @pytest.mark.parametrize("sides", [(10, 9), (9, 10)])
    def test_every_loop_refuses_them(self, loops, sides):
        with pytest.raises(ValueError, match=r"\(10 - 3 \+ 2\*0\) / 2 \+ 1 = 4\.5,"):
            loops(np.zeros((1, *sides, 1)))


def test_alexnet():
    """The first layer, by the product of matrices of the notes."""
    x, W, b = normal(1, 227, 227, 3), normal(11, 11, 3, 96), normal(96)
    columns = reference.im2col(x[0], 11, stride=4)
    assert columns.shape == (363, 3025)
    assert W.reshape(-1, 96).T.shape == (96, 363)
    y = reference.conv_as_matrix_product(x, W, b, stride=4)
    assert y.shape == (1, 55, 55, 96)
    assert y.size == 290_400
    assert y.size * (W[..., 0].size + 1) == 105_705_600  # if no neuron shared its weights
    assert (W.size, b.size, W.size + b.size) == (34_848, 96, 34_944)
    # The neurons of the notes: V[0, 0], V[1, 0], V[2, 0] and V[1, 1] along the width, ...
    for i, j, k in [(0, 0, 0), (0, 1, 0), (0, 2, 0), (1, 0, 1), (2, 3, 1), (54, 54, 95)]:
        patch = x[0, 4 * i : 4 * i + 11, 4 * j : 4 * j + 11]
        np.testing.assert_allclose(
            y[0, i, j, k], np.sum(patch * W[..., k]) + b[k], rtol=1e-10, atol=1e-12
        )


def receptive_field(*layers):
    """Side of what one neuron sees of a large image, through filters (size, dilation)."""
    side = 31
    for size, dilation in layers:
        side = reference.conv_output_side(side, size, dilation=dilation)
    dy = np.zeros((1, side, side, 1))
    dy[0, side // 2, side // 2] = 1
    for size, dilation in reversed(layers):
        side = side + dilation * (size - 1)
        x, W = np.zeros((1, side, side, 1)), np.ones((size, size, 1, 1))
        dy, _, _ = reference.conv_backward(dy, x, W, dilation=dilation)
    rows, columns = (np.flatnonzero(dy[0, :, :, 0].any(axis=axis)) for axis in (1, 0))
    assert list(rows) == list(columns)
    return rows[-1] - rows[0] + 1


def test_receptive_fields():
    """What a layer sees grows by two pixels a filter of 3 x 3, and faster if they are dilated."""
    assert [receptive_field(*[(3, 1)] * n) for n in (1, 2, 3)] == [3, 5, 7]
    assert receptive_field((7, 1)) == 7
    assert receptive_field((3, 2)) == 5
    assert receptive_field((3, 1), (3, 2)) == 7
    assert receptive_field((3, 1), (3, 2), (3, 4)) == 15
    C = 5
    assert 3 * np.ones((3, 3, C, C)).size == 27 * C**2
    assert np.ones((7, 7, C, C)).size == 49 * C**2


def test_a_dilated_filter():
    """Of size 3 it computes w[0] * x[0] + w[1] * x[2] + w[2] * x[4], at a gap of one pixel."""
    x, W = np.array([1.0, 10, 100, 1000, 10_000]), np.array([2.0, 3, 5])
    x, W = x.reshape(1, 1, 5, 1), W.reshape(1, 3, 1, 1)
    y = reference.conv_forward(x, W, np.zeros(1), dilation=2)
    assert y.tolist() == [[[[50_302.0]]]]


def test_fully_connected_as_a_convolution():
    """It scores in one pass what 36 crops at a stride of 32 score one by one.

    A mean over 32 x 32 pixels stands for the layers that halve the image five times.
    """
    image, W, b = normal(1, 384, 384, 1), normal(7, 7, 1, 3), normal(3)
    features = reference.average_pool_forward(image, 32)
    assert features.shape == (1, 12, 12, 1)
    scores = reference.conv_forward(features, W, b)
    assert scores.shape == (1, 6, 6, 3)
    for i in range(6):
        for j in range(6):
            crop = image[:, 32 * i : 32 * i + 224, 32 * j : 32 * j + 224]
            row = reference.average_pool_forward(crop, 32).reshape(1, 49)
            expected = reference.affine(row, W.reshape(49, 3), b)[0]
            np.testing.assert_allclose(scores[0, i, j], expected, rtol=1e-10, atol=1e-12)


def test_a_fully_connected_layer_follows():
    """A filter of one pixel is an affine layer at every position."""
    x, W, b = normal(2, 3, 4, 5), normal(1, 1, 5, 6), normal(6)
    expected = reference.affine(x.reshape(24, 5), W[0, 0], b)
    y = reference.conv_forward(x, W, b)
    np.testing.assert_allclose(y.reshape(24, 6), expected, rtol=1e-12, atol=1e-14)


# Convolution -------------------------------------------------------------------------------------


class TestTheWorkedExample:
    """An image of 5 x 5 x 3 and two filters of 3 x 3, with a stride of 2 and one zero around."""

    X = np.stack(
        [
            [[1, 2, 0, 1, 2], [0, 1, 2, 0, 1], [2, 0, 1, 2, 0], [1, 2, 0, 1, 2], [0, 1, 2, 0, 1]],
            [[1, 0, 1, 0, 1], [0, 1, 0, 1, 0], [1, 0, 1, 0, 1], [0, 1, 0, 1, 0], [1, 0, 1, 0, 1]],
            [[0, 1, 2, 3, 4]] * 5,
        ],
        axis=2,
    )[np.newaxis].astype(float)
    W = np.stack(
        [
            np.stack([np.eye(3), np.diag([0, -1, 0]), [[-1, 0, 1]] * 3], axis=2),
            np.stack(
                [[[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.ones((3, 3)), np.diag([0, 2, 0])], axis=2
            ),
        ],
        axis=3,
    )
    B = np.array([1.0, -2.0])

    @pytest.mark.parametrize("loops", [reference.conv_forward, reference.conv_as_matrix_product])
    def test_forward(self, loops):
        y = loops(self.X, self.W, self.B, stride=2, padding=1)
        assert y.shape == (1, 3, 3, 2)
        # Channel after channel; what lies on the zeros around the image is left out.
        assert y[0, 0, 0, 0] == (1 + 1) + -1 + (1 + 1) + 1
        assert y[0, 0, 2, 0] == 2 + -1 + (-3 - 3) + 1
        assert y[0, 1, 1, 0] == (1 + 1 + 1) + -1 + 3 * (3 - 1) + 1
        assert y[0, 2, 2, 0] == (1 + 1) + -1 + (-3 - 3) + 1
        assert y[0, 0, 0, 1] == (2 + 0 - 4 * 1) + 2 + 2 * 0 - 2
        assert y[0, 1, 1, 1] == (2 + 0 + 2 + 0 - 4 * 1) + 5 + 2 * 2 - 2
        assert y[0, 2, 2, 1] == (0 + 2 - 4 * 1) + 2 + 2 * 4 - 2

    def test_columns(self):
        """Each column is a patch, pixel by pixel, each with its channels."""
        columns = reference.im2col(self.X[0], 3, stride=2, padding=1)
        assert columns.shape == (27, 9)
        np.testing.assert_array_equal(columns[:, 4], self.X[0, 1:4, 1:4].ravel())
        corner = np.zeros((3, 3, 3))
        corner[1:, 1:] = self.X[0, :2, :2]
        np.testing.assert_array_equal(columns[:, 0], corner.ravel())

    def test_backward(self):
        """One output in the middle, and one in the corner."""
        dy = np.zeros((1, 3, 3, 2))
        dy[0, 1, 1, 0] = 10
        dy[0, 2, 2, 1] = 1
        dx, dW, db = reference.conv_backward(dy, self.X, self.W, stride=2, padding=1)
        expected = np.zeros((5, 5, 3))
        expected[1:4, 1:4] += 10 * self.W[..., 0]
        expected[3:, 3:] += self.W[:2, :2, :, 1]
        np.testing.assert_array_equal(dx[0], expected)
        np.testing.assert_array_equal(dW[..., 0], 10 * self.X[0, 1:4, 1:4])
        corner = np.zeros((3, 3, 3))
        corner[:2, :2] = self.X[0, 3:, 3:]
        np.testing.assert_array_equal(dW[..., 1], corner)
        np.testing.assert_array_equal(db, [10, 1])

    def test_pairs_are_rows_and_columns(self):
        x, W, b = self.X, self.W, self.B
        y = reference.conv_forward(x, W, b, 2, 1)
        for stride, padding in (((2, 2), 1), (2, ((1, 1), (1, 1))), ([2, 2], [[1, 1], [1, 1]])):
            pairs = reference.conv_forward(x, W, b, stride, padding, (1, 1))
            np.testing.assert_array_equal(pairs, y)
        tall = reference.conv_forward(x, W, b, (1, 2), ((0, 0), (1, 1)))
        assert tall.shape == (1, 3, 3, 2)
        np.testing.assert_array_equal(tall[:, 1], y[:, 1])


@st.composite
def axes(draw, max_dilation=2):
    """Side of an image, and size, stride, zeros and dilation of filters that fit it."""
    size, stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    dilation, n_positions = draw(st.integers(1, max_dilation)), draw(st.integers(1, 3))
    extended = dilation * (size - 1) + 1 + (n_positions - 1) * stride
    before = draw(st.integers(0, min(2, extended - 1)))
    after = draw(st.integers(0, min(2, extended - before - 1)))
    return extended - before - after, size, stride, (before, after), dilation


def convolution(rows, columns, n_images=2, n_channels=2, n_filters=2):
    """Images, filters, intercepts, and how the filters slide."""
    sides, size, stride, padding, dilation = zip(rows, columns, strict=True)
    x, W = normal(n_images, *sides, n_channels), normal(*size, n_channels, n_filters, seed=1)
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    return x, W, normal(n_filters, seed=2), how


@drawn
@given(axes(), axes())
def test_scipy_correlates_alike(rows, columns):
    """Every position, of a filter with zeros between its taps; of these, one in a stride."""
    x, W, b, how = convolution(rows, columns)
    y = reference.conv_forward(x, W, b, **how)
    (step, across), (gap, gap_across) = how["stride"], how["dilation"]
    x = np.pad(x, [(0, 0), *how["padding"], (0, 0)])
    for n, k in np.ndindex(len(x), len(b)):
        expected = b[k]
        for c in range(x.shape[3]):
            spread = np.zeros((gap * (len(W) - 1) + 1, gap_across * (W.shape[1] - 1) + 1))
            spread[::gap, ::gap_across] = W[:, :, c, k]
            expected = expected + correlate2d(x[n, :, :, c], spread, "valid")[::step, ::across]
        np.testing.assert_allclose(y[n, :, :, k], expected, rtol=1e-12, atol=1e-13)


@drawn
@given(axes(max_dilation=1), axes(max_dilation=1))
def test_the_product_of_matrices_is_the_convolution(rows, columns):
    x, W, b, how = convolution(rows, columns)
    expected = reference.conv_forward(x, W, b, **how)
    y = reference.conv_as_matrix_product(x, W, b, how["stride"], how["padding"])
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)


@drawn
@given(axes(), axes())
def test_the_gradient_of_the_convolution(rows, columns):
    x, W, b, how = convolution(rows, columns, n_images=1)
    dy = normal(*reference.conv_forward(x, W, b, **how).shape, seed=3)
    dx, dW, db = reference.conv_backward(dy, x, W, **how)

    def output(x=x, W=W, b=b):
        return np.sum(dy * reference.conv_forward(x, W, b, **how))

    assert_is_the_gradient(dx, lambda x: output(x=x), x)
    assert_is_the_gradient(dW, lambda W: output(W=W), W)
    assert_is_the_gradient(db, lambda b: output(b=b), b)


def test_images_do_not_see_each_other():
    x, W, b, dy = normal(3, 5, 5, 2), normal(3, 3, 2, 4), normal(4), normal(3, 3, 3, 4)
    dx, dW, db = reference.conv_backward(dy, x, W)
    one_by_one = [reference.conv_backward(dy[n : n + 1], x[n : n + 1], W) for n in range(3)]
    np.testing.assert_array_equal(dx, np.concatenate([dx for dx, _, _ in one_by_one]))
    np.testing.assert_allclose(dW, sum(dW for _, dW, _ in one_by_one), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(db, sum(db for _, _, db in one_by_one), rtol=1e-12, atol=1e-14)
    y = reference.conv_forward(x, W, b)
    np.testing.assert_array_equal(y[1:2], reference.conv_forward(x[1:2], W, b))


FLOATS = {
    "convolution": (
        lambda x, W, b, dy: reference.conv_forward(x, W, b),
        lambda x, W, b, dy: reference.conv_backward(dy, x, W),
    ),
    "matrix product": (lambda x, W, b, dy: reference.conv_as_matrix_product(x, W, b),),
    "max": (
        lambda x, W, b, dy: reference.max_pool_forward(x),
        lambda x, W, b, dy: reference.max_pool_backward(dy, x),
    ),
    "average": (
        lambda x, W, b, dy: reference.average_pool_forward(x, 3, 1),
        lambda x, W, b, dy: reference.average_pool_backward(dy, x, 3, 1),
    ),
    "global average": (
        lambda x, W, b, dy: reference.global_average_pool_forward(x[:, :3]),
        lambda x, W, b, dy: reference.global_average_pool_backward(dy[:, 0, 0], x[:, :3]),
    ),
}


@pytest.mark.parametrize("loops", FLOATS.values(), ids=FLOATS)
def test_float32_is_computed_in_float64_and_nothing_is_changed(loops):
    shapes = [(1, 4, 4, 2), (3, 3, 2, 2), (2,), (1, 2, 2, 2)]
    narrow = [normal(*shape, seed=i).astype(np.float32) for i, shape in enumerate(shapes)]
    for array in narrow:
        array.flags.writeable = False
    for loop in loops:
        expected = loop(*(array.astype(np.float64) for array in narrow))
        found = loop(*narrow)
        if not isinstance(found, tuple):
            found, expected = (found,), (expected,)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == np.float64
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


# Pooling -----------------------------------------------------------------------------------------


def image(rows):
    return np.array(rows, float)[np.newaxis, :, :, np.newaxis]


FIGURE = image([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
POOLING = {
    "max": (reference.max_pool_forward, reference.max_pool_backward),
    "average": (reference.average_pool_forward, reference.average_pool_backward),
}
every_pooling = pytest.mark.parametrize(("forward", "backward"), POOLING.values(), ids=POOLING)


class TestPooling:
    def test_the_figure_of_the_notes(self):
        assert reference.max_pool_forward(FIGURE).tolist() == image([[6, 8], [3, 4]]).tolist()
        dy = image([[10, 20], [30, 40]])
        expected = image([[0, 0, 0, 0], [0, 10, 0, 20], [30, 0, 0, 0], [0, 0, 0, 40]])
        np.testing.assert_array_equal(reference.max_pool_backward(dy, FIGURE), expected)

    def test_its_means(self):
        expected = image([[13 / 4, 21 / 4], [2, 2]])
        np.testing.assert_array_equal(reference.average_pool_forward(FIGURE), expected)
        dy = image([[4, 8], [12, 16]])
        expected = image([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])
        np.testing.assert_array_equal(reference.average_pool_backward(dy, FIGURE), expected)

    def test_three_quarters_are_discarded(self):
        """The notes pool 224 x 224 x 64 to 112 x 112 x 64; a channel is enough to see it."""
        x = normal(1, 224, 224, 1)
        y = reference.max_pool_forward(x)
        assert y.shape == (1, 112, 112, 1)
        assert y.size == x.size / 4
        np.testing.assert_array_equal(y, x.reshape(1, 112, 2, 112, 2, 1).max(axis=(2, 4)))
        assert reference.max_pool_forward(np.zeros((1, 4, 4, 64))).shape == (1, 2, 2, 64)

    def test_the_first_of_equal_values_takes_the_gradient(self):
        dy = image([[1, 2]])
        x = image([[7, 7, 0, 0], [7, 7, 5, 5]])
        expected = image([[1, 0, 0, 0], [0, 0, 2, 0]])
        np.testing.assert_array_equal(reference.max_pool_backward(dy, x), expected)
        x = image([[0, 7, 0, 0], [7, 0, 0, 0]])  # row by row, not column by column
        expected = image([[0, 1, 2, 0], [0, 0, 0, 0]])
        np.testing.assert_array_equal(reference.max_pool_backward(dy, x), expected)

    def test_gradients_add_up_where_windows_overlap(self):
        x = image([[0, 0, 0, 0, 0]] * 2 + [[0, 0, 9, 0, 0]] + [[0, 0, 0, 0, 0]] * 2)
        assert reference.max_pool_forward(x, 3, 2).shape == (1, 2, 2, 1)
        dx = reference.max_pool_backward(image([[1, 2], [4, 8]]), x, 3, 2)
        np.testing.assert_array_equal(dx, 15 / 9 * x)
        dx = reference.average_pool_backward(image([[9, 18], [36, 72]]), x, 3, 2)
        corner, edge, side = [1, 1, 3, 2, 2], [5, 5, 15, 10, 10], [4, 4, 12, 8, 8]
        np.testing.assert_array_equal(dx, image([corner, corner, edge, side, side]))

    @every_pooling
    @pytest.mark.parametrize(("size", "stride", "reached"), [(2, None, 4), (2, 3, 5), (3, 1, 5)])
    def test_what_no_window_reaches_is_left_out(self, forward, backward, size, stride, reached):
        x = np.random.RandomState(0).permutation(50).reshape(1, 5, 5, 2)
        y = forward(x, size, stride)
        np.testing.assert_array_equal(y, forward(x[:, :reached, :reached], size, stride))
        dx = backward(np.ones(y.shape), x, size, stride)
        assert not dx[:, reached:].any()
        assert not dx[:, :, reached:].any()
        if stride == 3:
            assert not dx[:, 2].any()  # between two windows
        np.testing.assert_allclose(dx.sum(axis=(1, 2)), y[0, :, :, 0].size, rtol=1e-14)

    @every_pooling
    def test_pairs_are_rows_and_columns(self, forward, backward):
        x = normal(2, 4, 6, 3)
        assert forward(x, (2, 3)).shape == (2, 2, 2, 3)
        assert forward(x, (2, 3), (1, 2)).shape == (2, 3, 2, 3)
        assert forward(x, (2, 3), 1).shape == (2, 3, 4, 3)
        np.testing.assert_array_equal(forward(x, 2), forward(x, [2, 2], [2, 2]))
        turned = forward(x.swapaxes(1, 2), (3, 2), (2, 1))
        np.testing.assert_allclose(turned.swapaxes(1, 2), forward(x, (2, 3), (1, 2)), rtol=1e-13)

    @every_pooling
    @pytest.mark.parametrize("sides", [(1, 4), (4, 1)])
    def test_windows_that_do_not_fit(self, forward, backward, sides):
        with pytest.raises(ValueError, match=rf"\(2, 2\) pixels do not fit images of \({sides[0]}"):
            forward(np.zeros((1, *sides, 1)))

    @every_pooling
    @drawn
    @given(rows=axes(max_dilation=1), columns=axes(max_dilation=1), more=st.integers(0, 1))
    def test_the_gradient(self, forward, backward, rows, columns, more):
        """The sides may have a row or column more than the windows."""
        sides, size, stride, padding, _ = zip(rows, columns, strict=True)
        sides = [side + sum(zeros) + more for side, zeros in zip(sides, padding, strict=True)]
        # No two values are equal or near, so that a small step changes no winner.
        x = np.random.RandomState(0).permutation(2 * np.prod(sides)) / 10.0
        x = x.reshape(1, *sides, 2)
        dy = normal(*forward(x, size, stride).shape)
        dx = backward(dy, x, size, stride)
        assert_is_the_gradient(dx, lambda x: np.sum(dy * forward(x, size, stride)), x)


def test_global_average_pooling():
    x, dy = normal(2, 3, 4, 5), normal(2, 5, seed=1)
    y = reference.global_average_pool_forward(x)
    assert y.shape == (2, 5)
    np.testing.assert_allclose(y, reference.average_pool_forward(x, (3, 4))[:, 0, 0], rtol=1e-12)
    dx = reference.global_average_pool_backward(dy, x)
    assert_is_the_gradient(dx, lambda x: np.sum(dy * reference.global_average_pool_forward(x)), x)
    window = reference.average_pool_backward(dy[:, np.newaxis, np.newaxis], x, (3, 4))
    np.testing.assert_array_equal(dx, window)
