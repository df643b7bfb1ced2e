r"""The one objective of every gradient-trained estimator.

.. math:: J(\theta) = \sum_i w_i \, \ell(\text{scores}(x_i; \theta), y_i) + \alpha R(f \odot \theta)
"""

from typing import NamedTuple

import numpy as np

from sk231n.core.layers import Phase

BLOCK_SIZE = 2**17  # numbers: an optimizer's four arrays of them fit into a core's cache or nearly


class Block(NamedTuple):
    """A few rows of one parameter array, worked on while they lie in the cache.

    Parameters
    ----------
    theta, gradient : ndarray
        Views of the parameters and of their gradient.
    factor : float, ndarray or None
        What turns the parameters into the units of the data for the penalty; None for no penalty.
    """

    theta: np.ndarray
    gradient: np.ndarray
    factor: float | np.ndarray | None


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
    factors : list of dict
        What the parameters of each layer are multiplied by before the penalty sees them.
    output : TargetUnits, default=None
        How the scores are seen; None: as they are.
    unit : float, default=1.0
        Unit of the objective: values and gradients are divided by it, lest those of tiny or huge
        targets drown in an optimizer's epsilon.
    team : Team, default=None
        Threads to compute on; None for the caller's alone.

    Attributes
    ----------
    n_parts : int
        Into how many parts :meth:`blocks` cuts an array at least: one per thread. What an optimizer
        remembers is cut alike, so that a run that is to go on with it has to keep the number.
    """

    def __init__(
        self, network, loss, score, penalty, alpha, factors, output=None, unit=1.0, team=None
    ):
        self.network = network
        self.loss = loss
        self.score = score
        self.penalty = penalty if alpha > 0 else None
        self.alpha = alpha / unit
        self.factors = factors
        self.output = output
        self.unit = unit
        self.team = team
        self.n_parts = 1 if team is None else team.n_threads

    def __call__(self, theta, x, y, w, gradient, rng=None):
        """Compute value and gradient on one batch.

        Parameters
        ----------
        theta : ndarray of shape (size,)
            The parameters. Running averages of the layers are updated while training.
        x : ndarray of shape (n_samples, n_features)
            Inputs.
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        w : ndarray of shape (n_samples,)
            Weights; they sum to about one.
        gradient : ndarray of shape (size,)
            Overwritten with the gradient, but for what has none: the running averages.
        rng : RandomState, default=None
            The layers' source of randomness; None: they behave as in prediction.

        Returns
        -------
        value : float
            Loss and penalty.
        score : float
            The score of the batch.
        """
        value, score = self.data_loss(theta, x, y, w, gradient, rng)
        return value + self.add_penalties(theta, gradient), score

    def data_loss(self, theta, x, y, w, gradient, rng=None):
        """Compute the loss without the penalty; see :meth:`__call__`."""
        layout = self.network.layout
        phase = Phase(rng, w, self._matmul)
        scores, backward = self.network.forward(layout.views(theta), x, phase)
        if self.output is not None:
            scores = self.output(scores)
        value, dscores = self.loss(scores, y, w)
        if self.output is not None:
            dscores *= self.output.scale
        value /= self.unit
        if self.unit != 1:
            dscores /= self.unit
        score = self.score(scores, y, w)
        backward(dscores, layout.views(gradient))
        return value, score

    def evaluate(self, theta, x, y, w):
        """Compute loss (without the penalty) and score, no gradient."""
        views = self.network.layout.views(theta)
        scores, _ = self.network.forward(views, x, Phase(matmul=self._matmul))
        if self.output is not None:
            scores = self.output(scores)
        return self.loss(scores, y, w)[0] / self.unit, self.score(scores, y, w)

    @property
    def _matmul(self):
        return np.matmul if self.team is None else self.team.matmul

    def blocks(self, theta, gradient):
        """List all parameters that are trained, in blocks."""
        layout = self.network.layout
        blocks = []
        layers = zip(
            self.network.layers, layout.views(theta), layout.views(gradient), self.factors,
            strict=True,
        )  # fmt: skip
        for layer, p, g, factors in layers:
            for name, array in vars(p).items():
                if name in layer.statistics:
                    continue
                n_blocks = self.n_parts * -(-array.size // (self.n_parts * BLOCK_SIZE))
                n_rows = max(1, -(-len(array) // n_blocks))
                factor = factors.get(name)
                by_row = np.ndim(factor) > 0 and len(factor) > 1
                for start in range(0, len(array), n_rows):
                    rows = slice(start, start + n_rows)
                    blocks.append(
                        Block(
                            array[rows],
                            getattr(g, name)[rows],
                            factor[rows] if by_row else factor,
                        )
                    )
        return blocks

    def add_penalties(self, theta, gradient):
        """Return the penalty; add its gradient to `gradient`."""
        return sum(self.add_penalty(block) for block in self.blocks(theta, gradient))

    def add_penalty(self, block, scratch=None):
        """Return the penalty of a block; add its gradient to that of the block.

        `scratch`, an array like the block's, spares a temporary.
        """
        theta, gradient, factor = block
        if self.penalty is None or factor is None:
            return 0.0
        plain = np.ndim(factor) == 0 and factor == 1
        value, slope = self.penalty(theta if plain else np.multiply(theta, factor, out=scratch))
        gradient += np.multiply(slope, self.alpha * factor, out=scratch)
        return self.alpha * value

    def penalty_value(self, theta):
        """Return the penalty alone."""
        if self.penalty is None:
            return 0.0
        blocks = (block for block in self.blocks(theta, theta) if block.factor is not None)
        return self.alpha * sum(self.penalty(factor * theta)[0] for theta, _, factor in blocks)

    def project(self, theta):
        """Move the parameters to the nearest ones that the layers allow."""
        views = self.network.layout.views(theta)
        for layer, p, factors in zip(self.network.layers, views, self.factors, strict=True):
            layer.project(p, factors)


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


def subset_accuracy(scores, y, w):
    """Weighted share of the samples all of whose labels are predicted; see :func:`accuracy`."""
    return float(w @ ((scores > 0) == (y > 0)).all(axis=1))
