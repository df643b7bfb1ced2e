"""Values that nobody means: what a caller may pass by mistake, for any argument."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import scipy.sparse
from hypothesis import strategies as st

from sk231n import initializers, layers, losses, optimizers, penalties, schedules


class Thing:
    """An object of no kind, which says its name."""

    def __repr__(self):
        return "Thing()"


class Number(float):
    """A number of a class of one's own."""


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def function(*args, **kwargs):
    return None


def failing(*args, **kwargs):
    raise ValueError("the function of the caller")


VALUES = {
    "None": None,
    "True": True,
    "False": False,
    "np.True_": np.True_,
    "-1": -1,
    "0": 0,
    "1": 1,
    "2": 2,
    "3": 3,
    "0.0": 0.0,
    "-0.0": -0.0,
    "0.5": 0.5,
    "1.0": 1.0,
    "2.5": 2.5,
    "-0.5": -0.5,
    "1e-300": 1e-300,
    "5e-324": 5e-324,
    "1e300": 1e300,
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": -float("inf"),
    "10**30": 10**30,
    "-10**30": -(10**30),
    "10**400": 10**400,
    "np.int8(2)": np.int8(2),
    "np.uint64(2)": np.uint64(2),
    "np.float16(0.5)": np.float16(0.5),
    "np.float32(0.5)": np.float32(0.5),
    "np.longdouble(0.5)": np.longdouble(0.5),
    "np.longdouble(1e4000)": np.longdouble("1e4000"),
    "Number(0.5)": Number(0.5),
    "Fraction(1, 2)": Fraction(1, 2),
    "Fraction(10**400, 1)": Fraction(10**400, 1),
    "Decimal(1)": Decimal(1),
    "Decimal(nan)": Decimal("nan"),
    "1j": 1j,
    "''": "",
    "'nonsense'": "nonsense",
    "'auto'": "auto",
    "'{}'": "{}%s\n",
    "'0'": "0",
    "np.str_('nonsense')": np.str_("nonsense"),
    "b'nonsense'": b"nonsense",
    "[]": [],
    "()": (),
    "(1,)": (1,),
    "(0,)": (0,),
    "(2, 2)": (2, 2),
    "[2, 2]": [2, 2],
    "(2, -1)": (2, -1),
    "(True, 2)": (True, 2),
    "(2.0, 2.0)": (2.0, 2.0),
    "(nan, 2)": (float("nan"), 2),
    "(10**30, 2)": (10**30, 2),
    "(10**400,)": (10**400,),
    "('a', 'b')": ("a", "b"),
    "(None, None)": (None, None),
    "{}": {},
    "{0: 1}": {0: 1},
    "{0: nan}": {0: float("nan")},
    "{0: 10**400}": {0: 10**400},
    "{0: 'a'}": {0: "a"},
    "{0: []}": {0: []},
    "{'a': 1}": {"a": 1},
    "{1, 2}": {1, 2},
    "range(3)": range(3),
    "slice(2)": slice(2),
    "Ellipsis": Ellipsis,
    "NotImplemented": NotImplemented,
    "Thing()": Thing(),
    "Thing": Thing,
    "int": int,
    "function": function,
    "failing": failing,
    "generator": (i for i in ()),
    "np.array(1)": np.array(1),
    "np.array([])": np.array([]),
    "np.array([1, 2])": np.array([1, 2]),
    "np.array([nan])": np.array([np.nan]),
    "np.zeros((2, 2))": np.zeros((2, 2)),
    "np.zeros((2, 0))": np.zeros((2, 0)),
    "np.array(['a'])": np.array(["a", "b"]),
    "np.array([None])": np.array([None, "a"], dtype=object),
    "np.datetime64": np.datetime64("2020-01-01"),
    "np.timedelta64": np.timedelta64(3, "s"),
    "np.dtype": np.dtype(np.float64),
    "np.ma": np.ma.masked_array([1.0, 2.0], [True, False]),
    "pd.NA": pd.NA,
    "pd.NaT": pd.NaT,
    "pd.Series": pd.Series([1.0, 2.0]),
    "pd.DataFrame": pd.DataFrame({"a": [1.0, 2.0]}),
    "sparse": scipy.sparse.csr_array([[0.0, 1.0]]),
    "nested(50)": nested(50),
    "nested(500)": nested(500),
    "RandomState": np.random.RandomState(0),
    "Generator": np.random.default_rng(0),
    "Adam()": optimizers.Adam(),
    "Adam(beta1=nan)": optimizers.Adam(beta1=float("nan")),
    "Adam": optimizers.Adam,
    "LBFGS()": optimizers.LBFGS(),
    "CosineDecay()": schedules.CosineDecay(),
    "Constant('a')": schedules.Constant("a"),
    "CrossEntropy()": losses.CrossEntropy(),
    "SquaredError()": losses.SquaredError(),
    "WestonWatkins(-1)": losses.WestonWatkins(-1),
    "He()": initializers.He(),
    "ReLU()": layers.ReLU(),
    "Dropout(2)": layers.Dropout(2),
    "BatchNorm()": layers.BatchNorm(),
    "Maxout()": layers.Maxout(),
    "Flatten()": layers.Flatten(),
    "Standardize()": layers.Standardize(),
    "Affine(2)": layers.Affine(2),
    "Sparse(3)": initializers.Sparse(3),
    "L1()": penalties.L1(),
    "ElasticNet(nan)": penalties.ElasticNet(float("nan")),
}
values = st.sampled_from(sorted(VALUES))
