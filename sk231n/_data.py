"""Training and validation data: from what the user gives to samples with weights."""

from abc import abstractmethod

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split

from sk231n._containers import as_numpy
from sk231n._estimators import (
    check_no_missing,
    check_weights,
    float_dtype,
    only_numbers,
    validated,
)
from sk231n._labels import as_labels
from sk231n._validation import Validation
from sk231n.core.chunks import mapped_file
from sk231n.core.data import Data
from sk231n.core.errors import naming
from sk231n.core.stored import StoredArray


class SampleReader:
    """Mixin of the trained estimators: validates samples, and sets some aside.

    A subclass says how data become rows (``_as_rows``), and targets numbers (``_encode``) and
    targets again (``_decode``).
    """

    _target_checks: dict[str, bool] = {}  # arguments of ``validate_data`` for the targets

    @abstractmethod
    def _encode(self, y, rows, learn, classes):
        """Turn targets into numbers, if `learn` after learning from them; `rows` have a weight."""

    @abstractmethod
    def _decode(self, y):
        """Undo :meth:`_encode`."""

    def _weigh(self, data):
        """Apply class weights to the training data; validation data keep their weights."""
        return data

    def _strata(self, data):
        """Strata for drawing the validation data; None to draw without strata."""
        return None

    def _data(self, X, y, sample_weight, *, reset, learn, classes=None):
        """Validate samples; samples of weight zero are treated as if they were absent."""
        y, sample_weight = as_numpy(y, "y"), as_numpy(sample_weight, "sample_weight")
        if issparse(y) and y.ndim != 2:
            raise TypeError("y is sparse and one-dimensional; pass y.toarray().")
        check_no_missing(y)
        (X, image_shape), y = self._as_rows(X), as_labels(y)
        # In C order, because products of another memory layout would round differently.
        X, y = validated(self, X, y, reset=reset, order="C", **self._target_checks)
        X = only_numbers(X)
        self._check_images(image_shape, X.shape[1], learn=reset)
        if self.shuffle == "chunks" and mapped_file(X) is not None:
            X = StoredArray(X)
        w = check_weights(sample_weight, X)
        w = np.ones(len(X)) if w is None else w
        rows = np.flatnonzero(w)
        with naming("y"):
            y = self._encode(y, rows, learn, classes)
        return Data(X, y, w, rows, float_dtype(X.dtype)).normalized()

    def _split(self, data, X_val, y_val, sample_weight_val, rng, weighted):
        """Find the validation data: those given, else a part of the training data, else None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be passed together; one of them is None.")
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val needs X_val, which is None.")
        if X_val is not None:
            try:
                given = self._data(X_val, y_val, sample_weight_val, reset=False, learn=False)
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"X_val, y_val or sample_weight_val: {error}") from error
            # All samples, including those of weight zero, as `score` would use them.
            given = given._replace(rows=np.arange(len(given.X)))
            return data, self._validation(given, sample_weight_val is not None)
        if not self.early_stopping:
            return data, None
        try:
            rows, held_out = train_test_split(
                data.rows,
                test_size=float(self.validation_fraction),
                stratify=self._strata(data),
                random_state=rng,
            )
        except ValueError as error:
            raise ValueError(
                "early_stopping could not set aside "
                f"validation_fraction={self.validation_fraction} of {len(data.rows)} samples "
                f"({error}); pass X_val and y_val, or early_stopping=False."
            ) from error
        if self.shuffle == "chunks" or not getattr(data.X, "fits", True):
            rows, held_out = np.sort(rows), np.sort(held_out)  # to be read forwards
        held_out = self._validation(data._replace(rows=held_out), weighted)
        return data._replace(rows=rows).normalized(), held_out

    def _validation(self, data, weighted):
        """Make the validation data of a run from some samples."""
        targets = self._decode(data.y[data.rows])
        return Validation(data.normalized(), targets, weighted, self.scoring)
