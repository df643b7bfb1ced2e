"""First layers that cannot be folded: the standardisation of the inputs stays in the model."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from sk231n import MLPClassifier
from sk231n.diagnostics import check_gradient
from sk231n.layers import Affine, Flatten, Layer, Standardize

X, Y = (array[:400] for array in load_digits(return_X_y=True))


class Blur(Layer):
    """One weight shared by all pixels, as a convolution of size one has: it folds nothing."""

    weights = ("factor",)

    def shapes(self, input_shape):
        return {"factor": (1, input_shape[-1])}

    def initialize(self, p, rng):
        p.factor[...] = 1

    def forward(self, p, x, phase=None):
        def backward(dy, g, need_dx=True):
            g.factor[0] = np.sum(dy * x, axis=tuple(range(x.ndim - 1)))
            return dy * p.factor[0]

        return x * p.factor[0], backward


class SharedWeights(MLPClassifier):
    """A network on images that are standardised by channel, as before a convolution."""

    def _layers(self):
        return [Standardize(), Blur(), Flatten(), *super()._layers()]

    def _sample_shape(self, n_features):
        return (8, 8, 1)

    def _fitted(self):
        network = self._network(
            [
                Standardize(),
                Blur(),
                Flatten(),
                *(layer for block in self._hidden_blocks_ for layer in block),
                Affine(len(self.classes_)),
            ]
        )
        return network, self._fill(network)


@pytest.mark.parametrize("rate", ["auto", 0.01])
def test_raw_data_are_learnt_and_the_change_stays(rate):
    model = SharedWeights((30,), learning_rate=rate, max_iter=40, random_state=0)
    offset = 1000 + 50 * X
    model.fit(offset, Y)
    assert model.score(offset, Y) > 0.97
    (standardize,) = model.normalizations_
    assert standardize["mean"] == pytest.approx([offset.mean()])
    assert standardize["spread"] == pytest.approx([offset.std()])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(offset), model.predict(offset))
    # After standardisation, nothing depends on the units of the data.
    other = clone(model).fit(X, Y)
    assert other.history_["loss"] == pytest.approx(model.history_["loss"], rel=1e-3)


def test_warm_starts_and_streams_keep_the_change():
    model = SharedWeights((20,), max_iter=5, random_state=0).fit(X, Y)
    before = {name: array.copy() for name, array in model.normalizations_[0].items()}
    model.partial_fit(X[:50] + 3, Y[:50])
    model.set_params(warm_start=True).fit(X + 1, Y)
    for name, array in before.items():
        np.testing.assert_array_equal(model.normalizations_[0][name], array)


def test_gradients_and_penalties():
    model = SharedWeights((6,), "tanh", alpha=0.1)
    result = check_gradient(model, 10 * X[:40], Y[:40], random_state=0)
    assert result.passed, str(result)
    assert {line.parameter for line in result.table} >= {"factor1", "W2", "W3"}


def test_a_layer_that_cannot_be_folded_says_so():
    for method in ("fold_inputs", "unfold_inputs", "fold_outputs", "unfold_outputs"):
        with pytest.raises(NotImplementedError, match=r"Blur\(\) cannot be folded"):
            getattr(Blur(), method)(None, np.zeros(1), np.ones(1))
    assert not Blur().folds_inputs
    assert Affine(3).folds_inputs


def test_not_fitted():
    with pytest.raises(NotFittedError):
        SharedWeights().predict(X)
