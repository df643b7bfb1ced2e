"""Good data, and everything that somebody may make of them by mistake or by intention."""

import tempfile

import numpy as np
import pandas as pd
import scipy.sparse

HUGE = np.finfo(np.float64).max


def with_entry(array, value, dtype=None):
    """A copy with another first entry."""
    array = np.array(array, dtype=dtype or array.dtype)
    array.flat[0] = value
    return array


def memory_mapped(array):
    with tempfile.NamedTemporaryFile() as file:
        array.tofile(file)
        file.flush()
        return np.memmap(file.name, array.dtype, "r", shape=array.shape)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def strided(array):
    wide = np.full((2 * len(array), *array.shape[1:]), 7, array.dtype)
    wide[::2] = array
    return wide[::2]


def backwards(array):
    return array[::-1].copy()[::-1]


def objects(array):
    return array.astype(object)


def ragged(array):
    rows = array.tolist()
    return [*rows[:-1], rows[-1][:-1] if isinstance(rows[-1], list) else [1, 2]]


# The same numbers in another form: the same result to the bit, or an error.
FORMS = {
    "copy": np.array,
    "fortran": np.asfortranarray,
    "read only": read_only,
    "strided": strided,
    "backwards": backwards,
    "memory mapped": memory_mapped,
    "objects": objects,
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(map(tuple, a.tolist())) if a.ndim == 2 else tuple(a.tolist()),
    "list of arrays": list,
    "series or frame": lambda a: (pd.DataFrame if a.ndim == 2 else pd.Series)(a),
    "big endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "subclass": lambda a: a.view(np.recarray) if a.dtype.names else a.view(np.ndarray),
    "not masked": np.ma.masked_array,
}
ARRAYS = {
    **FORMS,
    "no samples": lambda a: a[:0],
    "one sample": lambda a: a[:1],
    "two samples": lambda a: a[:2],
    "one too few": lambda a: a[:-1],
    "twice": lambda a: np.concatenate([a, a]),
    "first row": lambda a: a[0],
    "one axis more": lambda a: a[..., np.newaxis],
    "two axes more": lambda a: a[..., np.newaxis, np.newaxis],
    "many axes more": lambda a: a.reshape(*a.shape, 1, 1, 1, 1),
    "transposed": lambda a: a.T,
    "flat": lambda a: a.ravel(),
    "ragged": ragged,
    "NaN": lambda a: with_entry(a, np.nan, float),
    "inf": lambda a: with_entry(a, np.inf, float),
    "-inf": lambda a: with_entry(a, -np.inf, float),
    "all NaN": lambda a: np.full(a.shape, np.nan),
    "None": lambda a: with_entry(objects(a), None),
    "text inside": lambda a: with_entry(objects(a), "text"),
    "number in text": lambda a: with_entry(objects(a), "1"),
    "bytes inside": lambda a: with_entry(objects(a), b"x"),
    "list inside": lambda a: [[[1]], *a.tolist()[1:]],
    "dict inside": lambda a: with_entry(objects(a), {}),
    "10**30": lambda a: with_entry(objects(a), 10**30),
    "10**400": lambda a: with_entry(objects(a), 10**400),
    "10**400 in a list": lambda a: with_entry(objects(a), 10**400).tolist(),
    "all 10**400": lambda a: np.full(a.shape, 10**400, dtype=object),
    "complex inside": lambda a: with_entry(objects(a), 1j),
    "NA inside": lambda a: with_entry(objects(a), pd.NA),
    "complex": lambda a: a + 1j,
    "text": lambda a: a.astype(str),
    "bytes": lambda a: a.astype(bytes),
    "dates": lambda a: a.astype("datetime64[s]"),
    "spans": lambda a: a.astype("timedelta64[s]"),
    "booleans": lambda a: a > a.mean(),
    **{
        dtype: lambda a, dtype=dtype: (a * (1 if a.dtype.kind == "i" else 100)).astype(dtype)
        for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
    },
    "float16": lambda a: a.astype(np.float16),
    "float32": lambda a: a.astype(np.float32),
    "longdouble": lambda a: a.astype(np.longdouble),
    "beyond float64": lambda a: with_entry(a, np.longdouble("1e4000"), np.longdouble),
    "subnormal": lambda a: a * 5e-324,
    "small": lambda a: a * 1e-300,
    "small float32": lambda a: (a * 1e-40).astype(np.float32),
    "large": lambda a: a * 1e15,
    "larger": lambda a: a * 1e150,
    "largest": lambda a: a / np.abs(a).max() * HUGE,
    "largest float32": lambda a: (a / np.abs(a).max() * np.finfo(np.float32).max).astype(
        np.float32
    ),
    "largest of both signs": lambda a: np.where(np.indices(a.shape).sum(axis=0) % 2, HUGE, -HUGE),
    "largest float16": lambda a: (a / np.abs(a).max() * 65504).astype(np.float16),
    "largest uint64": lambda a: np.full(a.shape, 2**64 - 1, np.uint64),
    "extreme int64": lambda a: np.where(a > a.mean(), 2**63 - 1, -(2**63)),
    "one is huge": lambda a: with_entry(a, HUGE, float),
    "mixed magnitudes": lambda a: a * 10.0 ** np.linspace(-300, 300, a.size).reshape(a.shape),
    "zeros": np.zeros_like,
    "negative zeros": lambda a: np.full(a.shape, -0.0),
    "constant": lambda a: np.full(a.shape, 0.1),
    "negative": lambda a: -a,
    "sparse": scipy.sparse.csr_array,
    "sparse matrix": lambda a: scipy.sparse.csr_matrix(np.atleast_2d(a)),
    "masked": lambda a: np.ma.masked_array(a, np.indices(a.shape)[0] == 0),
    "matrix": lambda a: scipy.sparse.csr_matrix(np.atleast_2d(a)).todense(),
    "structured": lambda a: np.zeros(len(a), dtype=[("a", float), ("b", int)]),
    "frame of text": lambda a: pd.DataFrame(a).astype(str),
    "frame of objects": lambda a: pd.DataFrame(a).astype(object),
    "frame with NaN": lambda a: pd.DataFrame(with_entry(a, np.nan, float)),
    "frame of two kinds": lambda a: pd.DataFrame(a).assign(kind="a"),
    "frame of categories": lambda a: pd.DataFrame(a).astype("category"),
    "frame of Int64": lambda a: pd.DataFrame(a).round().astype("Int64"),
    "frame with NA": lambda a: pd.DataFrame(with_entry(a, np.nan, float)).round().astype("Int64"),
    "frame with names": lambda a: pd.DataFrame(a).add_prefix("c"),
    "strings": lambda a: a.astype(np.dtypes.StringDType()),
}
LABELS = {
    "one class": np.zeros_like,
    "all different": lambda y: np.arange(len(y)),
    "halves": lambda y: y + 0.5,
    "whole floats": lambda y: y.astype(float),
    "names": lambda y: np.array(["a", "b", "c"])[y.astype(int)],
    "long names": lambda y: np.array(["a" * 1000, "b", "c"])[y.astype(int)],
    "names as objects": lambda y: np.array(["a", "b", "c"], dtype=object)[y.astype(int)],
    "names in bytes": lambda y: np.array([b"a", b"b", b"c"])[y.astype(int)],
    "two kinds": lambda y: np.array(["a", 1, 2.5], dtype=object)[y.astype(int)],
    "booleans": lambda y: y > 0,
    "booleans as objects": lambda y: (y > 0).astype(object),
    "tuples": lambda y: [(int(k),) for k in y],
    "sets": lambda y: [{int(k)} for k in y],
    "column": lambda y: y[:, np.newaxis],
    "two columns": lambda y: np.stack([y, y], axis=1),
    "indicators": lambda y: np.eye(3)[y.astype(int)],
    "indicators of int": lambda y: np.eye(3, dtype=int)[y.astype(int)],
    "no label at all": lambda y: np.zeros((len(y), 3), int),
    "one label": lambda y: np.ones((len(y), 1), int),
    "all labels": lambda y: np.ones((len(y), 3), int),
    "no columns": lambda y: np.zeros((len(y), 0)),
    "probabilities": lambda y: np.full((len(y), 3), 1 / 3),
    "sums above one": lambda y: np.full((len(y), 3), 0.5),
    "categories": lambda y: pd.Series(y).astype("category"),
    "series of names": lambda y: pd.Series(["a", "b", "c"]).iloc[y.astype(int)],
    "arrow": lambda y: pd.Series(["a", "b", "c"], dtype="string").iloc[y.astype(int)],
    "series of Int64": lambda y: pd.Series(y).astype("Int64") if y.dtype.kind == "i" else y,
    "extreme": lambda y: np.array([-(2**63), 0, 2**63 - 1])[y.astype(int)],
    "unsigned": lambda y: np.array([0, 1, 2**64 - 1], np.uint64)[y.astype(int)],
    "dates": lambda y: np.array(["2020", "2021", "2022"], "datetime64[Y]")[y.astype(int)],
    "frame": lambda y: pd.DataFrame({"y": y}),
    "generator": lambda y: (k for k in y),
    "range": lambda y: range(len(y)),
    "dictionary": lambda y: dict(enumerate(y)),
    "set": lambda y: set(range(len(y))),
}
WEIGHTS = {
    "zeros": np.zeros_like,
    "one positive": lambda w: np.eye(1, len(w))[0],
    "one negative": lambda w: with_entry(w, -1),
    "sum beyond float64": lambda w: np.full(len(w), HUGE),
    "tiny": lambda w: np.full(len(w), 5e-324),
    "of all sizes": lambda w: 10.0 ** np.linspace(-300, 300, len(w)),
    "booleans": lambda w: np.arange(len(w)) > 1,
    "of a class none": lambda w: (np.arange(len(w)) % 3 > 0).astype(float),
    "column": lambda w: w[:, np.newaxis],
    "frame": lambda w: pd.DataFrame({"w": w}),
}
