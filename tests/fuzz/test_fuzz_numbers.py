"""Numbers of NumPy as arguments, such as a search over np.logspace has: the bits of Python's."""

import pickle

import numpy as np
from fuzzing import fuzz
from hypothesis import strategies as st
from sklearn.base import clone

from sk231n import (
    ConvNetClassifier,
    LinearSVM,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.losses import CrossEntropy, OneVsRest, WestonWatkins
from sk231n.optimizers import SGD, Adagrad, Adam, Momentum, RMSProp
from sk231n.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    Plateau,
    StepDecay,
)

SHORT = {"max_iter": 2, "random_state": 0, "batch_size": 25}
FRACTIONS = ("alpha", "l1_ratio", "validation_fraction", "dropout", "margin", "max_norm", "tol",
             "learning_rate", "weight_init", "epsilon", "label_smoothing", "beta1", "beta2",
             "weight_decay", "momentum", "decay", "initial", "final", "peak", "warm_up", "start",
             "factor")  # fmt: skip
COUNTS = ("max_iter", "batch_size", "n_iter_no_change", "every", "patience", "n_components")
MODELS = [
    SoftmaxClassifier(**SHORT),
    SoftmaxClassifier(penalty="elasticnet", early_stopping=True, **SHORT),
    SoftmaxClassifier(optimizer="lbfgs", max_iter=3, random_state=0, tol=1e9),
    LinearSVM(**SHORT),
    LinearSVM(loss="squared_hinge", strategy="one_vs_rest", averaging="ema", **SHORT),
    LinearSVM(strategy="crammer_singer", penalty="l1", **SHORT),
    MLPClassifier((5,), max_norm=1.0, dropout=0.5, weight_init=0.1, **SHORT),
    MLPRegressor((5,), "maxout", normalization="layer", **SHORT),
    ConvNetClassifier(((3,),), dropout=0.5, max_norm=1.0, **SHORT),
    Whitening(n_components=3),
    *(MLPClassifier((5,), loss=loss, **SHORT)
      for loss in (CrossEntropy(), WestonWatkins(power=2), OneVsRest())),
    *(MLPClassifier((5,), optimizer=optimizer, learning_rate=rate, **SHORT)
      for optimizer in (SGD(), Momentum(), Adagrad(), RMSProp(), Adam(weight_decay=0.1))
      for rate in ("auto", Constant())),
    *(SoftmaxClassifier(learning_rate=schedule, **SHORT)
      for schedule in (StepDecay(), ExponentialDecay(), InverseTimeDecay(), CosineDecay(),
                       OneCycle(), Plateau())),
]  # fmt: skip
CASES = [
    (k, name)
    for k, model in enumerate(MODELS)
    for name in model.get_params()
    if name.rpartition("__")[2] in FRACTIONS + COUNTS
]


def public(model):
    """What a fitted model shows, as bytes."""
    names = sorted(name for name in vars(model) if name.endswith("_") and name[0] != "_")
    return pickle.dumps([(name, vars(model)[name]) for name in names])


@fuzz(
    60,
    case=st.sampled_from(CASES),
    value=st.sampled_from([0.5, 0.25, 0.75]),
    count=st.sampled_from([1, 2, 30]),
    kind=st.integers(0, 2),
    dtype=st.sampled_from([np.uint8, np.float32, np.float64]),
)
def test_numbers_of_numpy_give_the_bits_of_python_s(case, value, count, kind, dtype):
    k, name = case
    X = np.random.RandomState(0).randint(0, 256, (50, 12)).astype(dtype)
    if name.rpartition("__")[2] in COUNTS:
        value, kinds = count, (np.int8, np.uint64, np.int64)
    else:
        kinds = (np.float16, np.float32, np.float64)
    results = []
    for number in (value, kinds[kind](value)):
        model = clone(MODELS[k]).set_params(**{name: number})
        try:
            results.append(public(model.fit(X, np.arange(50) % 3)))
        except (ValueError, FloatingPointError) as error:
            results.append(type(error))
    assert results[0] == results[1]
