"""The results of one pass over the data."""

from typing import NamedTuple


class Epoch(NamedTuple):
    """Results of one pass over the data, losses in the unit of the data.

    Parameters
    ----------
    loss : float
        Mean of the objective over the batches, each before its step.
    score : float
        Mean score of the samples, each before the step of its batch.
    learning_rate : float
        Mean rate.
    update_ratio : float
        Length of the last update relative to that of the parameters.
    step_losses : list of float
        The objective of each batch, before its step.
    """

    loss: float
    score: float
    learning_rate: float
    update_ratio: float
    step_losses: list[float]
