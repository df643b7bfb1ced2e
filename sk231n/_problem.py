"""The problem that ``fit`` solves, built from an estimator and its data."""

from abc import abstractmethod
from dataclasses import replace

import numpy as np

from sk231n._prediction import NetworkPredictor
from sk231n._threads import count_threads
from sk231n.core.automatic_rate import ridge
from sk231n.core.moments import DataMoments, Moments
from sk231n.core.network import Network
from sk231n.core.objective import Objective
from sk231n.core.optimizers import OPTIMIZERS
from sk231n.core.penalties import PENALTIES, ElasticNet
from sk231n.core.problem import Problem
from sk231n.core.standardization import Standardization
from sk231n.core.team import Team

_ROWS_FOR_ERRORS = 200  # enough to tell how far a stream of targets has drifted from the model


class NetworkProblem(NetworkPredictor):
    """Mixin of the estimators that minimise an objective: it builds the problem.

    A subclass says what is minimised (``_loss``) and scored (``_score``).
    """

    _targets_are_quantities = False  # quantities may have any scale

    @abstractmethod
    def _loss(self):
        """Loss that is minimised."""

    @abstractmethod
    def _score(self, units):
        """Score that the history records; see :class:`~sk231n.core.objective.Objective`."""

    def _micro_batch(self, network):
        """Number of samples that pass through the network together; None for a whole batch."""
        return None

    def _augment(self, sample_shape, dtype):
        """Function that changes the samples of a mini-batch; None for none."""
        return None

    def _optimizer(self):
        by_name = isinstance(self.optimizer, str)
        return (OPTIMIZERS[self.optimizer] if by_name else self.optimizer).plain()

    def _penalty(self):
        if self.penalty is None:
            return None
        if isinstance(self.penalty, str):
            by_name = PENALTIES | {"elasticnet": ElasticNet(self.l1_ratio)}
            return by_name[self.penalty].plain()
        return self.penalty.plain()

    @property
    def _automatic(self):
        """Whether the learning rate is found from the data."""
        return isinstance(self.learning_rate, str)

    def _no_moments(self, data):
        """Moments of inputs and targets before any data."""
        targets = Moments(data.y.shape[1]) if self._targets_are_quantities else None
        return DataMoments(Moments(data.X.shape[1]), targets)

    def _problem(self, data, moments, rng, *, warm, stream=False):
        """Build the objective, the first parameters, and the data as training sees them.

        Parameters
        ----------
        data : Data
            The training data.
        moments : DataMoments
            The moments of all earlier data.
        rng : RandomState
            Draws the first parameters.
        warm : bool
            Whether the parameters are the learnt ones.
        stream : bool, default=False
            Whether the data are part of a stream, whose targets may have drifted from the model.

        Returns
        -------
        Problem
            The problem, with the moments of all data so far. The arguments are unchanged.
        """
        network = Network(self._layers(), self._sample_shape(data.X.shape[1]))
        first, penalty = network.layers[0], self._penalty()
        theta = network.layout.zeros(data.dtype) if warm else network.initialize(rng, data.dtype)
        units, standardization, constant = None, Standardization(), None
        if self._automatic and self._targets_are_quantities:
            targets = data._replace(X=data.y, dtype=np.dtype(np.float64))
            moments = replace(
                moments, targets=moments.targets.updated(targets, len(data.rows), name="y")
            )
            units = moments.targets.target_units()
            if stream and warm:
                units = units.widened(self._errors(data))
            data = data._replace(y=units(data.y))
        if first.standardizes or (self._automatic and first.folds_inputs):
            moments = replace(moments, inputs=moments.inputs.updated(data, len(data.rows)))
        if self._automatic and first.folds_inputs:
            centred = bool(first.intercepts)
            standardization = moments.inputs.standardization(
                data.dtype, ridge(self.alpha, penalty), centred
            )
            constant = moments.inputs.constant(data.dtype) if centred else None
        objective = Objective(
            network, self._loss(), self._score(units), penalty, float(self.alpha),
            network.weight_factors(standardization.scale), units, Team(count_threads(None)),
            self._micro_batch(network),
        )  # fmt: skip
        augment = self._augment(network.input_shapes[0], data.X.dtype)
        problem = Problem(objective, theta, data, standardization, moments, augment)
        views = network.layout.views(theta)
        if warm:
            for view, parameters in zip(views, self._parameters(), strict=True):
                for name, array in vars(view).items():
                    array[...] = getattr(parameters, name)
            problem.unfold(views)
            return problem
        if first.standardizes:
            first.set_moments(views[0], moments.inputs.mean, moments.inputs.variance)
        # Constant features carry no information, so their weights start at zero. If all features
        # are constant, the random weights stay: equal units would remain equal on later data.
        if constant is not None and not constant.all():
            for name in first.weights:
                getattr(views[0], name)[constant] = 0
        return problem

    def _errors(self, data):
        """Errors of the learnt model on some of the data."""
        rows = data.rows[:: max(1, len(data.rows) // _ROWS_FOR_ERRORS)]
        return data.y[rows] - self._scores_of_rows(data.X, rows)
