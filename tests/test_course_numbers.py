"""The worked numbers of the CS231n notes, by the library and by the loops of the reference."""

import math

import numpy as np
import pytest

from sk231n import LinearSVM, MLPClassifier, SoftmaxClassifier, reference
from sk231n.datasets import make_spirals
from sk231n.diagnostics import check_sanity, numerical_gradient, relative_error
from sk231n.layers import Affine, Logistic, Network
from sk231n.losses import CrossEntropy, WestonWatkins, log_softmax

ONE = np.ones(1)  # the weight of a single sample


class TestLinearClassification:
    """https://cs231n.github.io/linear-classify/"""

    def test_the_hinge_of_three_scores(self):
        """Max(0, -7 - 13 + 10) + max(0, 11 - 13 + 10) = 0 + 8."""
        scores, y = np.array([[13.0, -7.0, 11.0]]), np.array([0])
        assert WestonWatkins(margin=10)(scores, y, ONE)[0] == 8
        assert reference.weston_watkins(scores, y, ONE, margin=10)[0] == 8

    @pytest.mark.parametrize(
        ("scores", "exponentials", "probabilities"),
        [
            ([1, -2, 0], [2.71, 0.14, 1], [0.7, 0.04, 0.26]),
            ([0.5, -1, 0], [1.65, 0.37, 1], [0.55, 0.12, 0.33]),  # twice the regularisation
        ],
    )
    def test_the_softmax_and_a_stronger_penalty(self, scores, exponentials, probabilities):
        """The notes cut the exponentials after two digits, and round what they make of them."""
        np.testing.assert_allclose(np.exp(scores), exponentials, atol=0.01)
        expected = np.array(exponentials) / np.sum(exponentials)
        for softmax in (lambda s: np.exp(log_softmax(s)), reference.softmax):
            found = softmax(np.array([scores], float))[0]
            np.testing.assert_allclose(found, expected, atol=0.004)
            np.testing.assert_allclose(found, probabilities, atol=0.006)

    def test_shifting_the_scores_changes_nothing_but_prevents_overflow(self):
        scores = np.array([[123.0, 456.0, 789.0]])
        for softmax in (lambda s: np.exp(log_softmax(s)), reference.softmax):
            np.testing.assert_allclose(softmax(scores), [[0, 0, 1]], atol=1e-100)
            np.testing.assert_allclose(softmax(scores - 789), softmax(scores), rtol=1e-12)

    W = np.array([[0.01, -0.05, 0.1, 0.05], [0.7, 0.2, 0.05, 0.16], [0.0, -0.45, -0.2, 0.03]])
    X = np.array([[-15.0, 22.0, -44.0, 56.0]])
    B = np.array([0.0, 0.2, -0.3])
    Y = np.array([2])

    def test_the_scores_of_the_figure(self):
        for scores in (
            X_times_W(self.X, self.W, self.B),
            reference.affine(self.X, self.W.T, self.B),
        ):
            np.testing.assert_allclose(scores, [[-2.85, 0.86, 0.28]], atol=1e-12)

    def test_the_svm_and_the_cross_entropy_of_the_figure(self):
        scores = X_times_W(self.X, self.W, self.B)
        for value in (
            WestonWatkins()(scores, self.Y, ONE)[0],
            reference.weston_watkins(scores, self.Y, ONE)[0],
        ):
            assert value == pytest.approx(1.58, abs=1e-12)
        for value in (
            CrossEntropy()(scores, self.Y, ONE)[0],
            reference.cross_entropy(scores, self.Y, ONE)[0],
        ):
            assert value == pytest.approx(1.04, abs=0.005)
        exponentials = np.exp(scores)
        np.testing.assert_allclose(exponentials, [[0.058, 2.36, 1.32]], atol=0.005)
        np.testing.assert_allclose(
            exponentials / exponentials.sum(), [[0.016, 0.631, 0.353]], atol=0.001
        )

    def test_the_figure_by_estimators(self):
        """Set to the figure's weights, whatever they were trained to before."""
        for estimator, name in ((LinearSVM(), "svm"), (SoftmaxClassifier(), "softmax")):
            rng = np.random.RandomState(0)
            estimator.set_params(max_iter=1, random_state=0)
            estimator.fit(rng.standard_normal((9, 4)), np.arange(9) % 3)
            estimator.coef_, estimator.intercept_ = self.W, self.B
            np.testing.assert_allclose(
                estimator.decision_function(self.X), [[-2.85, 0.86, 0.28]], atol=1e-12
            )
            assert estimator.predict(self.X) == [1]
            if name == "softmax":
                loss = -estimator.predict_log_proba(self.X)[0, 2]
                assert loss == pytest.approx(1.04, abs=0.005)

    def test_the_bias_trick(self):
        """A constant 1 appended to the input takes the place of the intercepts."""
        extended = np.hstack([self.W, self.B[:, None]])
        np.testing.assert_allclose(np.append(self.X, 1) @ extended.T, [-2.85, 0.86, 0.28])

    def test_the_penalty_prefers_small_and_diffuse_weights(self):
        """Both give x the score 1; without the factor 1/2 the notes find 1.0 and 0.25."""
        x, w1, w2 = np.ones(4), np.array([1.0, 0, 0, 0]), np.full(4, 0.25)
        assert w1 @ x == w2 @ x == 1
        assert (2 * reference.l2(w1)[0], 2 * reference.l2(w2)[0]) == (1.0, 0.25)


def X_times_W(X, W, b):
    network = Network([Affine(len(b))], X.shape[1])
    theta = np.concatenate([W.T.ravel(), b])
    return network.forward(network.layout.views(theta), X)[0]


class TestOptimization:
    """https://cs231n.github.io/optimization-2/"""

    @staticmethod
    def neuron(x, w):
        return float(1 / (1 + np.exp(-(w[0] * x[0] + w[1] * x[1] + w[2]))))

    def test_the_sigmoid_neuron(self):
        """With w = [2, -3, -3] and x = [-1, -2] the gate sees 1 and returns 0.73."""
        x, w = np.array([[-1.0, -2.0]]), np.array([2.0, -3.0, -3.0])
        affine, logistic = Affine(1), Logistic()
        network = Network([affine, logistic], 2)
        views = network.layout.views(w)
        dot, affine_back = affine.forward(views[0], x)
        f, logistic_back = logistic.forward(views[1], dot)
        assert dot.item() == 1
        assert f.item() == pytest.approx(0.73, abs=0.005)
        gradient = network.layout.views(np.full(3, np.nan))
        ddot = logistic_back(np.ones((1, 1)), gradient[1])
        dx = affine_back(ddot, gradient[0])
        # (1 - f) f, which the notes round to 0.2: dx = [0.4, -0.6] and dw = [-0.2, -0.4, 0.2].
        slope = f.item() * (1 - f.item())
        assert slope == pytest.approx(0.1966, abs=5e-5)
        dw = np.append(gradient[0].W, gradient[0].b)
        np.testing.assert_allclose(dx[0], slope * np.array([2, -3]), rtol=1e-14)
        np.testing.assert_allclose(dw, slope * np.array([-1, -2, 1]), rtol=1e-14)
        np.testing.assert_array_equal(dx[0].round(1), [0.4, -0.6])
        np.testing.assert_array_equal(dw.round(1), [-0.2, -0.4, 0.2])
        assert relative_error(dw, numerical_gradient(lambda w: self.neuron(x[0], w), w)) < 1e-9
        assert relative_error(dx[0], numerical_gradient(lambda x: self.neuron(x, w), x[0])) < 1e-9

    def test_the_sigmoid_neuron_in_loops(self):
        x, w, b = np.array([[-1.0, -2.0]]), np.array([[2.0], [-3.0]]), np.array([-3.0])
        f = reference.logistic(reference.affine(x, w, b))
        ddot = reference.logistic_backward(np.ones((1, 1)), reference.affine(x, w, b))
        dx, dw, db = reference.affine_backward(ddot, x, w)
        assert f.item() == pytest.approx(0.73, abs=0.005)
        np.testing.assert_array_equal(dx.round(1), [[0.4, -0.6]])
        np.testing.assert_array_equal(dw.round(1), [[-0.2], [-0.4]])
        np.testing.assert_array_equal(db.round(1), [0.2])

    def test_the_circuit_of_a_sum_and_a_product(self):
        """The function (x + y) z at x = -2, y = 5, z = -4 is -12; the gradient is [-4, -4, 3]."""

        def f(v):
            return (v[0] + v[1]) * v[2]

        assert f([-2, 5, -4]) == -12
        np.testing.assert_allclose(numerical_gradient(f, [-2, 5, -4]), [-4, -4, 3], atol=1e-9)
        np.testing.assert_allclose(
            reference.numerical_gradient(f, [-2, 5, -4]), [-4, -4, 3], atol=1e-9
        )

    def test_the_circuit_of_all_gates(self):
        """The function 2 (x y + max(z, w)) at x = 3, y = -4, z = 2, w = -1."""

        def f(v):
            return 2 * (v[0] * v[1] + max(v[2], v[3]))

        assert f([3, -4, 2, -1]) == -20
        np.testing.assert_allclose(numerical_gradient(f, [3, -4, 2, -1]), [-8, 6, 2, 0], atol=1e-9)


class TestNetworks:
    """https://cs231n.github.io/neural-networks-1/"""

    @pytest.mark.parametrize(
        ("hidden", "n_outputs", "n_units", "n_weights", "n_biases", "n_parameters"),
        [((4,), 2, 6, 20, 6, 26), ((4, 4), 1, 9, 32, 9, 41)],
    )
    def test_the_sizes_of_the_drawn_networks(
        self, hidden, n_outputs, n_units, n_weights, n_biases, n_parameters
    ):
        """Three inputs; one hidden layer and two outputs, or two hidden layers and one output."""
        network = Network([Affine(width) for width in (*hidden, n_outputs)], input_shape=3)
        views = network.layout.views(network.layout.zeros(np.float64))
        assert sum(view.W.size for view in views) == n_weights
        assert sum(view.b.size for view in views) == n_biases == n_units
        assert network.layout.size == n_parameters

    def test_the_size_of_an_estimator(self):
        rng = np.random.RandomState(0)
        model = MLPClassifier((4,), max_iter=1).fit(rng.standard_normal((10, 3)), np.arange(10) % 2)
        assert sum(array.size for array in [*model.coefs_, *model.intercepts_]) == 26


class TestFirstLosses:
    """https://cs231n.github.io/neural-networks-3/#sanitycheck: ten classes, small weights."""

    @pytest.fixture
    def images(self):
        """Ten classes of noise, the size of which is all that matters here."""
        rng = np.random.RandomState(0)
        return rng.standard_normal((200, 192)), np.arange(200) % 10

    @pytest.mark.parametrize(
        ("estimator", "expected"),
        [
            (SoftmaxClassifier(), math.log(10)),
            (LinearSVM(), 9),
            (MLPClassifier((50,)), math.log(10)),
            (MLPClassifier((50,), loss="hinge"), 9),
        ],
        ids=["softmax", "svm", "mlp", "mlp with hinge"],
    )
    def test_of_an_estimator(self, images, estimator, expected):
        assert expected == pytest.approx({True: 2.302, False: 9}[expected < 9], abs=1e-3)
        first = check_sanity(estimator, *images, random_state=0).checks[0]
        assert first.passed
        # The same from the history, of an epoch of one batch and a rate that changes nothing.
        estimator.set_params(learning_rate=1e-9, alpha=0, batch_size=200, max_iter=1)
        assert estimator.fit(*images).loss_curve_ == [pytest.approx(expected, rel=1e-6)]

    def test_of_small_random_weights(self, images):
        """As the notes do it, W = 0.0001 * randn; the hinge is 9 as well for each sample."""
        X, y = images
        W = 1e-4 * np.random.RandomState(1).standard_normal((192, 10))
        assert CrossEntropy()(X @ W, y)[0] == pytest.approx(math.log(10), abs=1e-3)
        assert WestonWatkins()(X @ W, y)[0] == pytest.approx(9, abs=1e-2)
        w = np.full(20, 1 / 20)
        assert reference.cross_entropy((X @ W)[:20], y[:20], w)[0] == pytest.approx(
            math.log(10), abs=1e-3
        )
        assert reference.weston_watkins((X @ W)[:20], y[:20], w)[0] == pytest.approx(9, abs=1e-2)

    def test_three_classes_of_the_spiral(self):
        """The case study starts at ln 3 = 1.1 (1.096 in its log)."""
        X, y = make_spirals(random_state=0)
        model = SoftmaxClassifier(learning_rate=1e-9, alpha=0, batch_size=300, max_iter=1)
        assert model.fit(X, y).loss_curve_ == [pytest.approx(1.0986, abs=1e-4)]


class TestSpiral:
    """https://cs231n.github.io/neural-networks-case-study/"""

    @pytest.fixture(params=range(3))
    def spirals(self, request):
        return make_spirals(300, n_classes=3, noise=0.2, random_state=request.param)

    def test_a_linear_classifier_gets_half_right(self, spirals):
        """The notes: 49 %, by plain descent with the rate 1 and the penalty 1e-3."""
        course = SoftmaxClassifier(
            alpha=1e-3, optimizer="sgd", learning_rate=1.0, batch_size=300, max_iter=200, tol=None,
            random_state=0,
        )  # fmt: skip
        for model in (course, SoftmaxClassifier(random_state=0), LinearSVM(random_state=0)):
            assert 0.44 <= model.fit(*spirals).score(*spirals) <= 0.58

    def test_a_hidden_layer_gets_nearly_all_right(self):
        """The notes: 98 %, by a hidden layer of 100 and 10,000 steps of plain descent, rate 1."""
        spirals = make_spirals(300, n_classes=3, noise=0.2, random_state=0)
        course = MLPClassifier(
            (100,), weight_init=0.01, alpha=1e-3, optimizer="sgd", learning_rate=1.0,
            batch_size=300, max_iter=10_000, tol=None, random_state=0,
        )  # fmt: skip
        assert course.fit(*spirals).score(*spirals) >= 0.97

    def test_so_does_a_network_with_every_other_argument_at_its_default(self, spirals):
        assert MLPClassifier((100,), random_state=0).fit(*spirals).score(*spirals) >= 0.97
