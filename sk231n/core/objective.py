r"""The objective of every estimator that is trained by gradients.

.. math:: J(\theta) = \sum_i w_i \, \ell(\text{scores}(x_i; \theta), y_i) + \alpha R(f \odot \theta)
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk231n.core.layer import Phase
from sk231n.core.micro_batches import MicroBatches
from sk231n.core.team import Team
from sk231n.core.units import AsGiven, TargetUnits

BLOCK_SIZE = 2**17  # numbers: an optimizer's four arrays of them fit into a core's cache or nearly
_BLOCKS_AT_ONCE = 4  # large arrays are cut into a multiple of this, for equal shares


class Block(NamedTuple):
    """A few rows of one parameter array, worked on while they lie in the cache.

    Parameters
    ----------
    theta, gradient : ndarray
        Views of the parameters and of their gradient.
    factor : float, ndarray or None
        Converts the parameters to the units of the data for the penalty; None for no penalty.
    read_only : ndarray
        The parameters once more, for parts of a user's own, which must not write into them.
    """

    theta: NDArray[Any]
    gradient: NDArray[Any]
    factor: float | NDArray[Any] | None
    read_only: NDArray[Any]


class Objective:
    """A network, a loss and a penalty as one function of the flat parameter vector.

    Parameters
    ----------
    network : Network
        Turns inputs into scores.
    loss : loss
        Called as ``loss(scores, y, w)``; returns the value and its gradient.
    score : callable
        ``score(scores, y)``: the score of each sample, whose weighted mean the history records
        beside the loss, such as whether the largest score is that of the true class.
    penalty : penalty or None
        Called on the penalised weights; returns the value and its gradient.
    alpha : float
        Strength of the penalty.
    factors : list of dict
        What the parameters of each layer are multiplied by before the penalty sees them.
    units : TargetUnits or None, default=None
        How training sees the targets; None for the targets as given. Values and gradients here
        are those of targets in these units; :meth:`in_data_units` converts what is reported.
    team : Team, default=None
        Threads to compute on; None for the caller's alone.
    micro_batch : int or None, default=None
        Number of samples that go through the whole network before the next; None for a batch.
    """

    def __init__(
        self,
        network: Any,
        loss: Any,
        score: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]],
        penalty: Any,
        alpha: float,
        factors: Sequence[Mapping[str, Any]],
        units: TargetUnits | None = None,
        team: Team | None = None,
        micro_batch: int | None = None,
    ) -> None:
        self.network = network
        self.loss = loss
        self.score = score
        self.penalty: Any = penalty if alpha > 0 else None
        self.alpha = alpha
        self.factors = factors
        self.units: AsGiven | TargetUnits = AsGiven() if units is None else units
        self.team: Team = Team(1) if team is None else team
        self.micro_batches: MicroBatches | None = None
        if micro_batch is not None:
            self.micro_batches = MicroBatches(network, micro_batch, self.team)

    def __call__(
        self,
        theta: NDArray[Any],
        x: NDArray[Any],
        y: NDArray[Any],
        w: NDArray[Any],
        gradient: NDArray[Any],
        rng: np.random.RandomState | None = None,
    ) -> tuple[float, NDArray[Any]]:
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
            Overwritten with the gradient, except for running averages, which have none.
        rng : RandomState, default=None
            The layers' source of randomness; with None they behave as in prediction.

        Returns
        -------
        value : float
            Loss and penalty.
        score : ndarray of shape (n_samples,)
            The score of each sample.
        """
        value, score = self.data_loss(theta, x, y, w, gradient, rng)
        return value + self.add_penalties(theta, gradient), score

    def data_loss(
        self,
        theta: NDArray[Any],
        x: NDArray[Any],
        y: NDArray[Any],
        w: NDArray[Any],
        gradient: NDArray[Any],
        rng: np.random.RandomState | None = None,
    ) -> tuple[float, NDArray[Any]]:
        """Compute the loss without the penalty; see :meth:`__call__`."""
        if self.micro_batches is None or len(x) <= self.micro_batches.size:
            views, of_gradient = map(self.network.layout.views, (theta, gradient))
            return self._loss_of_part(views, x, y, of_gradient, Phase(rng, w, self.team.matmul))

        def compute(rows, views, of_gradient, own_rng, empty):
            phase = Phase(own_rng, w[rows], empty=empty)
            return self._loss_of_part(views, x[rows], y[rows], of_gradient, phase)

        return self.micro_batches.gradient(compute, theta, w, gradient, rng)

    def _loss_of_part(self, views, x, y, gradient_views, phase):
        """Compute the loss of samples that go through the network together; see `data_loss`."""
        scores, backward = self.network.forward(views, x, phase)
        score = self.score(scores, y)  # first: a loss of the user's own may work in place
        value, dscores = self.loss(scores, y, phase.w)
        is_number = isinstance(value, float) or (value is not None and not np.ndim(value))
        if not is_number or getattr(dscores, "shape", None) != scores.shape:
            raise ValueError(
                f"{self.loss} must return a number and a gradient of shape {scores.shape}; got a "
                f"{type(value).__name__} of shape {np.shape(value)} and a "
                f"{type(dscores).__name__} of shape {np.shape(dscores)}."
            )
        backward(dscores, gradient_views)
        return value, score

    def scores(self, views: Sequence[SimpleNamespace], x: NDArray[Any]) -> NDArray[Any]:
        """Compute the scores of samples, as in prediction, with the parameters of each layer."""
        if self.micro_batches is None:
            return self.network.forward(views, x, Phase(matmul=self.team.matmul))[0]
        parts = self.micro_batches.slices(len(x))
        return np.concatenate(
            self.team.run(lambda rows: self.network.forward(views, x[rows])[0], parts)
        )

    def in_data_units(self, value: float) -> float:
        """Express a value of the objective, or a tolerance for it, in the unit of the data."""
        return value * self.units.unit(self.loss.degree)

    def in_training_units(self, value: float) -> float:
        """Undo :meth:`in_data_units`, for tolerances that have no unit."""
        return value / self.units.unit(self.loss.degree)

    def loss_of_predictions(self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any]) -> float:
        """Compute the loss without the penalty of scores and targets in the unit of the data."""
        return self.loss(self.units(scores), self.units(y), w)[0]

    def blocks(self, theta: NDArray[Any], gradient: NDArray[Any]) -> list[Block]:
        """List all parameters that are trained, in blocks that depend on the shapes alone."""
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
                array, of_gradient = np.atleast_1d(array, getattr(g, name))  # views
                n_rows = _rows_of_a_block(array)
                factor = factors.get(name)
                by_row = np.ndim(factor) > 0 and len(factor) > 1
                for start in range(0, len(array), n_rows):
                    rows = slice(start, start + n_rows)
                    blocks.append(
                        Block(
                            array[rows],
                            of_gradient[rows],
                            factor[rows] if by_row else factor,
                            _read_only(array[rows]),
                        )
                    )
        return blocks

    def add_penalties(self, theta: NDArray[Any], gradient: NDArray[Any]) -> float:
        """Return the penalty; add its gradient to `gradient`."""
        return sum(self.add_penalty(block) for block in self.blocks(theta, gradient))

    def add_penalty(self, block: Block, scratch: NDArray[Any] | None = None) -> float:
        """Return the penalty of a block; add its gradient to that of the block.

        `scratch`, an array like the block's, saves a temporary array.
        """
        theta, gradient, factor, read_only = block
        if self.penalty is None or factor is None:
            return 0.0
        plain = np.ndim(factor) == 0 and factor == 1
        value, slope = self.penalty(read_only if plain else np.multiply(theta, factor, out=scratch))
        if getattr(slope, "shape", None) != theta.shape:
            raise ValueError(
                f"{self.penalty} must return a gradient of the shape of its argument, "
                f"{theta.shape}; got {type(slope).__name__} of shape {np.shape(slope)}."
            )
        gradient += np.multiply(slope, self.alpha * factor, out=scratch)
        return self.alpha * value

    def penalty_value(self, theta: NDArray[Any]) -> float:
        """Return the penalty alone."""
        if self.penalty is None:
            return 0.0
        blocks = (block for block in self.blocks(theta, theta) if block.factor is not None)
        return self.alpha * sum(self.penalty(factor * theta)[0] for theta, _, factor, _ in blocks)

    def project(self, theta: NDArray[Any]) -> None:
        """Move the parameters to the nearest ones that the layers allow."""
        views = self.network.layout.views(theta)
        for layer, p, factors in zip(self.network.layers, views, self.factors, strict=True):
            layer.project(p, factors)


def _read_only(array):
    """A view that parts of a user's own cannot write into."""
    view = array.view()
    view.flags.writeable = False
    return view


def _rows_of_a_block(array):
    """Number of rows of a parameter array in one block."""
    n_blocks = -(-array.size // BLOCK_SIZE)
    if n_blocks > 1:
        n_blocks = -(-n_blocks // _BLOCKS_AT_ONCE) * _BLOCKS_AT_ONCE
    return max(1, -(-len(array) // n_blocks))


def is_correct(scores: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
    """Check for each sample whether its largest score is that of its class.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        The scores.
    y : ndarray of int of shape (n_samples,), or of shape (n_samples, n_classes)
        The class indices, or the probabilities of the classes, the largest of which counts.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        Whether the prediction is right.
    """
    return np.argmax(scores, axis=1) == (y if y.ndim == 1 else np.argmax(y, axis=1))


def is_subset_correct(scores: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
    """Check for each sample whether all its labels are predicted; see :func:`is_correct`."""
    return ((scores > 0) == (y > 0)).all(axis=1)
