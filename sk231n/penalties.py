"""Penalties, each usable alone: ``penalty(u)`` returns the value and its gradient."""

from sk231n.core.penalties import L1, L2, ElasticNet, Penalty

__all__ = ["L1", "L2", "ElasticNet", "Penalty"]
