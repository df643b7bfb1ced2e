"""Checks of gradients and training, and measurements inside a network."""

from sk231n.diagnostics._activations import (
    ActivationStatistics,
    LayerActivations,
    activation_statistics,
)
from sk231n.diagnostics._gradient_check import check_gradient
from sk231n.diagnostics._gradient_report import GradientCheck, ParameterCheck
from sk231n.diagnostics._landscape import LossLandscape, loss_landscape
from sk231n.diagnostics._numerical import numerical_gradient, relative_error
from sk231n.diagnostics._sanity import SanityCheck, SanityReport, check_sanity
from sk231n.diagnostics._summary import LayerSummary, NetworkSummary, network_summary
from sk231n.diagnostics._updates import UpdateRatios, update_ratios

__all__ = [
    "ActivationStatistics",
    "GradientCheck",
    "LayerActivations",
    "LayerSummary",
    "LossLandscape",
    "NetworkSummary",
    "ParameterCheck",
    "SanityCheck",
    "SanityReport",
    "UpdateRatios",
    "activation_statistics",
    "check_gradient",
    "check_sanity",
    "loss_landscape",
    "network_summary",
    "numerical_gradient",
    "relative_error",
    "update_ratios",
]
