r"""The one objective of every gradient-trained estimator.

.. math:: J(\theta) = \sum_i w_i \, \ell(\text{scores}(x_i; \theta), y_i) + \alpha R(f \odot \theta)
"""

import numpy as np


class Objective:
    """A network, a loss and a penalty as one function of the flat parameter vector.

    Parameters
    ----------
    network : Network
        Turns inputs into scores.
    loss : loss
        Called as ``loss(scores, y, w)``; returns the value and its gradient.
    score : callable
        ``score(scores, y, w)``: what the history records beside the loss, such as the accuracy; a
        sum over the samples of weight times score, so that the scores of batches add up.
    penalty : penalty or None
        Called on the penalised weights; returns the value and its gradient.
    alpha : float
        Strength of the penalty.
    factor : ndarray of shape (size,)
        What the parameters are multiplied by before the penalty sees them; zero for intercepts.
    """

    def __init__(self, network, loss, score, penalty, alpha, factor):
        self.network = network
        self.loss = loss
        self.score = score
        self.penalty = penalty if alpha > 0 else None
        self.alpha = alpha
        self.factor = factor

    def __call__(self, theta, x, y, w, gradient, phase=None):
        """Compute value and gradient on one batch.

        Parameters
        ----------
        theta : ndarray of shape (size,)
            The parameters.
        x : ndarray of shape (n_samples, n_features)
            Inputs.
        y : ndarray of shape (n_samples,)
            Targets.
        w : ndarray of shape (n_samples,)
            Weights; they sum to about one.
        gradient : ndarray of shape (size,)
            Overwritten with the gradient.
        phase : object, default=None
            Passed to the layers; see :mod:`sk231n.layers`.

        Returns
        -------
        value : float
            Loss and penalty.
        score : float
            The score of the batch.
        """
        value, score = self.data_loss(theta, x, y, w, gradient, phase)
        return value + self.add_penalty(theta, gradient), score

    def data_loss(self, theta, x, y, w, gradient, phase=None):
        """Compute the loss without the penalty; see :meth:`__call__`."""
        layout = self.network.layout
        scores, backward = self.network.forward(layout.views(theta), x, phase)
        value, dscores = self.loss(scores, y, w)
        score = self.score(scores, y, w)
        backward(dscores, layout.views(gradient))
        return value, score

    def evaluate(self, theta, x, y, w):
        """Compute loss (without the penalty) and score, no gradient."""
        scores, _ = self.network.forward(self.network.layout.views(theta), x)
        return self.loss(scores, y, w)[0], self.score(scores, y, w)

    def add_penalty(self, theta, gradient=None):
        """Return the penalty; add its gradient to `gradient`, if that is given."""
        if self.penalty is None:
            return 0.0
        value, slope = self.penalty(self.factor * theta)
        if gradient is not None:
            slope = slope * self.factor
            slope *= self.alpha
            gradient += slope
        return self.alpha * value


def accuracy(scores, y, w):
    """Weighted share of the samples whose largest score is that of their class.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        The scores.
    y : ndarray of int of shape (n_samples,)
        The class indices.
    w : ndarray of shape (n_samples,)
        The weights.

    Returns
    -------
    float
        Between 0 and the sum of the weights.
    """
    return float(w @ (np.argmax(scores, axis=1) == y))
