"""Losses against the loops of the reference, worked numbers, and numerical gradients."""

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sk231n import reference
from sk231n.losses import (
    AbsoluteError,
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    SigmoidCrossEntropy,
    SquaredError,
    WestonWatkins,
    log_softmax,
)

HINGES = [
    (WestonWatkins, reference.weston_watkins),
    (CrammerSinger, reference.crammer_singer),
    (OneVsRest, reference.one_vs_rest),
]
ALL_LOSSES = [
    CrossEntropy(),
    CrossEntropy(label_smoothing=0.1),
    *(loss(margin=1.5, power=power) for loss, _ in HINGES for power in (1, 2)),
]
TARGET_LOSSES = [
    (SigmoidCrossEntropy(), reference.sigmoid_cross_entropy),
    (
        SigmoidCrossEntropy(label_smoothing=0.2),
        lambda *batch: reference.sigmoid_cross_entropy(*batch, label_smoothing=0.2),
    ),
    (SquaredError(), reference.squared_error),
    (AbsoluteError(), reference.absolute_error),
]
FIGURE_SCORES = np.array([[-2.85, 0.86, 0.28]])  # the figure of the notes; the third class is true
ONE = np.array([1.0])

exact = settings(derandomize=True, deadline=None, max_examples=75)


@st.composite
def batches(draw, scores):
    """Scores of 2 to 7 classes with true classes and weights, some of them zero."""
    n_samples, n_classes = draw(st.integers(1, 5)), draw(st.integers(2, 7))
    rows = st.lists(scores, min_size=n_classes, max_size=n_classes)
    weights = st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0])

    def column(element):
        return draw(st.lists(element, min_size=n_samples, max_size=n_samples))

    return (
        np.array(column(rows), dtype=np.float64),
        np.array(column(st.integers(0, n_classes - 1))),
        np.array(column(weights), dtype=np.float64),
    )


# Steps of 1/8 make all sums exact in float32 too: no violation changes its sign by rounding, and
# ties and scores on the kink are common.
eighths = st.integers(-80, 80).map(lambda k: k / 8)
anywhere = st.floats(-700, 700) | st.sampled_from([700.0, -700.0])


def assert_close(got, expected, *, rtol, scale=1.0):
    value, gradient = got
    assert isinstance(value, float)
    np.testing.assert_allclose(value, expected[0], rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(gradient, expected[1], rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize(("loss", "loops"), HINGES)
class TestHingesAgainstLoops:
    @exact
    @given(batch=batches(anywhere | eighths), margin=st.sampled_from([0.0, 0.5, 1.0, 10.0]))
    def test_float64(self, loss, loops, power, batch, margin):
        got = loss(margin=margin, power=power)(*batch)
        assert_close(got, loops(*batch, margin=margin, power=power), rtol=1e-13)

    @exact
    @given(batch=batches(eighths), margin=st.sampled_from([0.0, 0.5, 1.0, 10.0]))
    def test_float32(self, loss, loops, power, batch, margin):
        scores, y, w = batch
        got = loss(margin=margin, power=power)(scores.astype(np.float32), y, w.astype(np.float32))
        assert got[1].dtype == np.float32
        assert_close(got, loops(*batch, margin=margin, power=power), rtol=1e-6)

    @exact
    @given(st.data())
    def test_huge_scores(self, loss, loops, power, data):
        """Ties of huge scores violate the margin as ties of small ones do."""
        huge = 1e300 if power == 1 else 1e150
        batch = data.draw(batches(st.sampled_from([huge, -huge, huge / 2, 0.0, 1.0])))
        got = loss(power=power)(*batch)
        assert np.isfinite(got[0])
        assert_close(got, loops(*batch, power=power), rtol=1e-13)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.9])
class TestCrossEntropyAgainstLoops:
    @exact
    @given(batch=batches(anywhere | eighths | st.sampled_from([1e300, -1e300])))
    def test_float64(self, label_smoothing, batch):
        got = CrossEntropy(label_smoothing)(*batch)
        assert_close(got, reference.cross_entropy(*batch, label_smoothing), rtol=1e-13)

    @exact
    @given(batch=batches(eighths | st.sampled_from([700.0, -700.0, 2.0**100, -(2.0**100)])))
    def test_float32(self, label_smoothing, batch):
        scores, y, w = batch
        got = CrossEntropy(label_smoothing)(scores.astype(np.float32), y, w.astype(np.float32))
        assert got[1].dtype == np.float32
        # Probabilities near one, and so losses near zero, are only known to an ulp of one.
        expected = reference.cross_entropy(*batch, label_smoothing)
        assert_close(got, expected, rtol=2e-6, scale=w.sum())

    @exact
    @given(batch=batches(eighths), shift=st.sampled_from([-(2.0**40), -3.0, 1.0, 2.0**40]))
    def test_a_shift_of_a_row_changes_nothing(self, label_smoothing, batch, shift):
        scores, y, w = batch
        loss = CrossEntropy(label_smoothing)
        assert_close(loss(scores + shift, y, w), loss(scores, y, w), rtol=0.0)


class TestWorkedNumbers:
    """Numbers of the course notes."""

    def test_hinge(self):
        scores = np.array([[13.0, -7.0, 11.0]])
        value, gradient = WestonWatkins(margin=10)(scores, np.array([0]), ONE)
        assert value == 8.0  # max(0, -7 - 13 + 10) + max(0, 11 - 13 + 10)
        np.testing.assert_array_equal(gradient, [[-1, 0, 1]])

    def test_softmax(self):
        expected = [[0.70538451, 0.03511903, 0.25949646]]
        np.testing.assert_allclose(
            np.exp(log_softmax(np.array([[1.0, -2, 0]]))), expected, atol=5e-9
        )

    def test_softmax_of_the_unstable_example(self):
        p = np.exp(log_softmax(np.array([[123.0, 456.0, 789.0]])))
        np.testing.assert_allclose(p, [[5.75e-290, 2.40e-145, 1.0]], rtol=2e-3)

    def test_figure(self):
        y = np.array([2])
        assert round(WestonWatkins()(FIGURE_SCORES, y, ONE)[0], 2) == 1.58
        assert round(CrossEntropy()(FIGURE_SCORES, y, ONE)[0], 2) == 1.04
        assert round(CrammerSinger()(FIGURE_SCORES, y, ONE)[0], 2) == 1.58
        # max(0, 1 - 2.85) + max(0, 1 + 0.86) + max(0, 1 - 0.28)
        assert round(OneVsRest()(FIGURE_SCORES, y, ONE)[0], 2) == 2.58

    def test_squared_hinge_of_the_figure(self):
        value, gradient = WestonWatkins(power=2)(FIGURE_SCORES, np.array([2]), ONE)
        np.testing.assert_allclose(value, 1.58**2)
        np.testing.assert_allclose(gradient, [[0, 3.16, -3.16]])


@pytest.mark.parametrize("score", [0.0, 5.0, -3e8, 1e300])
@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_equal_scores(n_classes, score):
    scores = np.full((4, n_classes), score)
    y, w = np.arange(4) % n_classes, np.full(4, 0.25)
    for smoothing in (0.0, 0.3):
        value, _ = CrossEntropy(smoothing)(scores, y, w)
        np.testing.assert_allclose(value, np.log(n_classes), rtol=1e-14)
    assert WestonWatkins(margin=2.0)(scores, y, w)[0] == (n_classes - 1) * 2.0
    assert WestonWatkins(margin=2.0, power=2)(scores, y, w)[0] == (n_classes - 1) * 4.0
    assert CrammerSinger(margin=2.0)(scores, y, w)[0] == 2.0


@pytest.mark.parametrize("power", [1, 2])
def test_hinges_are_zero_from_the_margin_on(power):
    y = np.array([1])
    for loss in (WestonWatkins(power=power), CrammerSinger(power=power)):
        value, gradient = loss(np.array([[2.0, 3.0, -5.0]]), y, ONE)
        assert value == 0
        np.testing.assert_array_equal(gradient, 0)
    value, gradient = OneVsRest(power=power)(np.array([[-1.0, 1.0, -1.0]]), y, ONE)
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)


@exact
@given(batch=batches(eighths), shift=eighths)
def test_a_shift_of_a_row_changes_no_multi_class_hinge(batch, shift):
    scores, y, w = batch
    for loss in (WestonWatkins(), CrammerSinger(), WestonWatkins(power=2)):
        assert_close(loss(scores + shift, y, w), loss(scores, y, w), rtol=0.0)


def test_label_smoothing_by_hand():
    p = np.array([0.5, 0.3, 0.2])
    value, gradient = CrossEntropy(label_smoothing=0.3)(np.log(p)[None], np.array([0]), ONE)
    expected = -(0.8 * np.log(0.5) + 0.1 * np.log(0.3) + 0.1 * np.log(0.2))
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    np.testing.assert_allclose(gradient, [[0.5 - 0.8, 0.3 - 0.1, 0.2 - 0.1]], rtol=1e-13)


@pytest.mark.parametrize(
    "loss", ALL_LOSSES, ids=lambda value: getattr(value, "__name__", str(value))
)
class TestEveryLoss:
    @pytest.fixture
    def batch(self):
        rng = np.random.RandomState(0)
        scores = 2 * rng.standard_normal((6, 4))
        return scores, rng.randint(4, size=6), rng.uniform(size=6)

    def test_numerical_gradient(self, loss, batch):
        scores, y, w = batch
        # No violation lies within the step of zero: the loss is smooth where it is looked at.
        true = scores[np.arange(6), y][:, None]
        others = np.arange(4) != y[:, None]
        assert np.abs(scores - true + 1.5)[others].min() > 1e-3
        assert np.abs(1.5 - np.abs(scores)).min() > 1e-3

        _, gradient = loss(scores, y, w)
        numerical = reference.numerical_gradient(lambda s: loss(s, y, w)[0], scores)
        error = np.abs(gradient - numerical).max() / np.abs(gradient).max()
        assert error < 1e-7

    def test_leaves_its_arguments_as_they_are(self, loss, batch):
        before = joblib.hash((batch, loss))
        for array in batch:
            array.flags.writeable = False
        loss(*batch)
        assert joblib.hash((batch, loss)) == before

    def test_is_a_sum_over_the_samples(self, loss, batch):
        scores, y, w = batch
        singles = [loss(scores[i : i + 1], y[i : i + 1], ONE) for i in range(6)]
        expected = sum(w[i] * value for i, (value, _) in enumerate(singles))
        value, gradient = loss(scores, y, w)
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        rows = np.concatenate([g for _, g in singles])
        np.testing.assert_allclose(gradient, w[:, None] * rows, rtol=1e-14)

    def test_smooth_says_whether_the_gradient_is_continuous(self, loss):
        """Along a line through every kind of kink, the slope jumps or it does not."""
        line = np.linspace(-4, 4, 80_001)
        scores = np.stack([line, 0.3 * line + 0.21, -0.2 * line], axis=1)
        y, w = np.zeros(len(line), int), np.ones(len(line))
        jump = np.abs(np.diff(loss(scores, y, w)[1], axis=0)).max()
        assert (jump < 0.01) == loss.smooth

    def test_is_a_specification(self, loss):
        copy = clone(loss)
        assert copy.get_params() == loss.get_params()
        copy.check()


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (CrossEntropy(label_smoothing=1.0), "label_smoothing"),
        (CrossEntropy(label_smoothing=-0.1), "label_smoothing"),
        (SigmoidCrossEntropy(label_smoothing=1.0), "label_smoothing"),
        (SigmoidCrossEntropy(label_smoothing=-0.1), "label_smoothing"),
        (SigmoidCrossEntropy(label_smoothing=None), "label_smoothing"),
        (CrossEntropy(label_smoothing="0.1"), "label_smoothing"),
        (CrossEntropy(label_smoothing=float("nan")), "label_smoothing"),
        (WestonWatkins(margin=-1.0), "margin"),
        (CrammerSinger(power=3), "power"),
        (OneVsRest(power="squared"), "power"),
    ],
)
def test_bad_parameters(loss, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of {type(loss).__name__}"):
        loss.check()


def test_log_softmax_against_loops():
    rng = np.random.RandomState(1)
    scores = 100 * rng.standard_normal((20, 5))
    np.testing.assert_allclose(log_softmax(scores), reference.log_softmax(scores), rtol=1e-13)
    np.testing.assert_allclose(np.exp(log_softmax(scores)).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(np.exp(log_softmax(scores)), reference.softmax(scores), rtol=1e-12)


@pytest.mark.parametrize("loss", [CrossEntropy(), WestonWatkins(), CrammerSinger(), OneVsRest()])
@pytest.mark.parametrize(
    ("scores", "y", "message"),
    [
        (np.zeros(3), np.array([0]), r"\(3,\) and \(1,\)"),
        (np.zeros((2, 3)), np.array([0]), r"\(2, 3\) and \(1,\)"),
        (np.zeros((0, 3)), np.array([], int), r"\(0, 3\)"),
        (np.zeros((1, 3)), np.array([3]), "0..2"),
        (np.zeros((1, 3)), np.array([-1]), "0..2"),
        (np.zeros((1, 3)), np.array([1.0]), "class indices"),
    ],
)
def test_wrong_calls_are_explained(loss, scores, y, message):
    with pytest.raises(ValueError, match=message):
        loss(scores, y)


def test_integers_and_lists_will_do():
    value, gradient = WestonWatkins(margin=10)([[13, -7, 11]], [0], [1])
    assert value == 8
    np.testing.assert_array_equal(gradient, [[-1, 0, 1]])


@st.composite
def target_batches(draw, scores):
    """Scores and targets of 1 to 4 outputs with weights, some of them zero."""
    n_samples, n_outputs = draw(st.integers(1, 5)), draw(st.integers(1, 4))

    def matrix(element, n_columns):
        rows = st.lists(element, min_size=n_columns, max_size=n_columns)
        drawn = draw(st.lists(rows, min_size=n_samples, max_size=n_samples))
        return np.array(drawn, dtype=np.float64)

    targets = st.sampled_from([0.0, 0.25, 1.0])
    weights = st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0])
    w = matrix(weights, 1)[:, 0]
    return matrix(scores, n_outputs), matrix(targets, n_outputs), w


@pytest.mark.parametrize(
    ("loss", "loops"), TARGET_LOSSES, ids=lambda value: getattr(value, "__name__", str(value))
)
class TestEveryTargetLoss:
    @exact
    @given(batch=target_batches(anywhere | eighths))
    def test_float64(self, loss, loops, batch):
        assert_close(loss(*batch), loops(*batch), rtol=1e-13)

    @exact
    @given(batch=target_batches(eighths))
    def test_float32(self, loss, loops, batch):
        scores, y, w = batch
        got = loss(scores.astype(np.float32), y, w.astype(np.float32))
        assert got[1].dtype == np.float32
        # A small loss is the difference of its two terms, which are known to an ulp of the score.
        scale = (w @ np.abs(scores)).sum() + w.sum()
        assert_close(got, loops(*batch), rtol=2e-6, scale=scale)

    @pytest.fixture
    def batch(self):
        rng = np.random.RandomState(0)
        return 2 * rng.standard_normal((6, 4)), rng.uniform(size=(6, 4)), rng.uniform(size=6)

    def test_numerical_gradient(self, loss, loops, batch):
        scores, y, w = batch
        assert np.abs(scores - y).min() > 1e-3  # no kink within the step
        _, gradient = loss(scores, y, w)
        numerical = reference.numerical_gradient(lambda s: loss(s, y, w)[0], scores)
        assert np.abs(gradient - numerical).max() / np.abs(gradient).max() < 1e-7

    def test_leaves_its_arguments_as_they_are(self, loss, loops, batch):
        before = joblib.hash((batch, loss))
        for array in batch:
            array.flags.writeable = False
        loss(*batch)
        assert joblib.hash((batch, loss)) == before

    def test_is_a_sum_over_the_samples(self, loss, loops, batch):
        scores, y, w = batch
        singles = [loss(scores[i : i + 1], y[i : i + 1], ONE) for i in range(6)]
        value, gradient = loss(scores, y, w)
        expected = sum(w[i] * single for i, (single, _) in enumerate(singles))
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        rows = np.concatenate([g for _, g in singles])
        np.testing.assert_allclose(gradient, w[:, None] * rows, rtol=1e-14)

    def test_without_weights_it_is_a_mean(self, loss, loops, batch):
        scores, y, _ = batch
        assert_close(loss(scores, y), loss(scores, y, np.full(6, 1 / 6)), rtol=1e-15)

    def test_smooth_says_whether_the_gradient_is_continuous(self, loss, loops):
        scores = np.linspace(-4, 4, 80_001)[:, None]
        y, w = np.full_like(scores, 0.3), np.ones(len(scores))
        jump = np.abs(np.diff(loss(scores, y, w)[1], axis=0)).max()
        assert (jump < 0.01) == loss.smooth

    def test_is_a_specification(self, loss, loops):
        copy = clone(loss)
        assert copy.get_params() == loss.get_params()
        copy.check()

    @pytest.mark.parametrize(
        ("scores", "y", "message"),
        [
            (np.zeros(3), np.zeros(3), r"\(3,\) and \(3,\)"),
            (np.zeros((2, 3)), np.zeros(2), r"\(2, 3\) and \(2,\)"),
            (np.zeros((2, 3)), np.zeros((2, 1)), r"\(2, 3\) and \(2, 1\)"),
            (np.zeros((3, 1)), np.zeros((1, 3)), r"\(3, 1\) and \(1, 3\)"),
            (np.zeros((0, 3)), np.zeros((0, 3)), r"\(0, 3\)"),
        ],
    )
    def test_wrong_shapes_are_explained(self, loss, loops, scores, y, message):
        with pytest.raises(ValueError, match=message):
            loss(scores, y)

    def test_integers_and_lists_will_do(self, loss, loops):
        got = loss([[1, -2]], [[0, 1]], [1])
        assert got[1].dtype == np.float64
        assert_close(got, loops(np.array([[1.0, -2.0]]), np.array([[0, 1]]), ONE), rtol=1e-14)


def test_the_curvature_of_smooth_target_losses_is_the_largest_second_derivative():
    scores, h = np.linspace(-3, 3, 601)[:, None], 1e-4
    y, w = np.zeros_like(scores), np.ones(len(scores))
    for loss in (SigmoidCrossEntropy(), SquaredError()):
        second = (loss(scores + h, y, w)[1] - loss(scores - h, y, w)[1]) / (2 * h)
        np.testing.assert_allclose(second.max(), loss.curvature, rtol=1e-6)


def test_sigmoid_cross_entropy_is_cross_entropy_with_a_score_of_zero():
    """One label is two classes, the other of which has the score zero."""
    rng = np.random.RandomState(0)
    s, y, w = 3 * rng.standard_normal((8, 1)), rng.randint(2, size=8), rng.uniform(size=8)
    for smoothing in (0.0, 0.3):
        value, gradient = SigmoidCrossEntropy(smoothing)(s, y[:, None], w)
        two = np.hstack([np.zeros_like(s), s])
        expected, two_gradients = CrossEntropy(smoothing)(two, y, w)
        np.testing.assert_allclose(value, expected, rtol=1e-13)
        np.testing.assert_allclose(gradient[:, 0], two_gradients[:, 1], rtol=1e-12)


def test_sigmoid_cross_entropy_of_huge_scores():
    scores = np.array([[1e300, 1e300, -1e300, -1e300]])
    value, gradient = SigmoidCrossEntropy()(scores, np.array([[1, 0, 0, 1]]), ONE)
    assert value == 2e300
    np.testing.assert_array_equal(gradient, [[0, 1, 0, -1]])


@pytest.mark.parametrize("power", [1, 2])
@exact
@given(batch=target_batches(anywhere | eighths))
def test_one_vs_rest_of_an_indicator_matrix(power, batch):
    """Each label is a binary hinge: that of two classes, the first of which has the score -2."""
    scores, y, w = batch
    y = np.round(y)
    got = OneVsRest(power=power)(scores, y, w)
    columns = []
    for s, t in zip(scores.T, y.T, strict=True):
        two = np.stack([np.full_like(s, -2.0), s], axis=1)  # it pays 3 where it is true
        value, gradient = reference.one_vs_rest(two, t.astype(int), w, power=power)
        columns.append((value - 3**power * float(w @ (t == 0)), gradient[:, 1]))
    values, gradients = zip(*columns, strict=True)
    expected = sum(values), np.stack(gradients, axis=1)
    assert_close(got, expected, rtol=1e-13, scale=3**power * w.sum() * len(columns))


def test_one_vs_rest_of_one_label_is_that_of_its_class():
    rng = np.random.RandomState(0)
    scores, y, w = rng.standard_normal((6, 4)), rng.randint(4, size=6), rng.uniform(size=6)
    got = OneVsRest(margin=1.5)(scores, np.eye(4, dtype=int)[y], w)
    assert_close(got, OneVsRest(margin=1.5)(scores, y, w), rtol=1e-14)
    with pytest.raises(ValueError, match=r"\(6, 4\) and \(6, 3\)"):
        OneVsRest()(scores, np.zeros((6, 3)), w)


def test_absolute_error_has_no_slope_at_zero():
    value, gradient = AbsoluteError()(np.array([[1.0, 2.0]]), np.array([[1.0, 5.0]]), ONE)
    assert value == 3
    np.testing.assert_array_equal(gradient, [[0, -1]])


@pytest.mark.parametrize(
    "loss",
    [SquaredError(), AbsoluteError()],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_degree_says_how_the_loss_grows_with_the_unit(loss):
    scores, y = np.array([[1.0, 2.0]]), np.array([[1.5, 5.0]])
    assert loss(8 * scores, 8 * y, ONE)[0] == 8**loss.degree * loss(scores, y, ONE)[0]
