"""The version, which estimators write into what is saved of them."""

__version__ = "0.1.0"
