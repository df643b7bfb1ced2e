"""The convolutional classifier: what it learns from, in which forms, and in whose company."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk231n import ConvNetClassifier, MeanSubtraction
from sk231n.initializers import Normal
from sk231n.layers import Conv2D, Dropout, LeakyReLU, Residual
from sk231n.losses import CrammerSinger, CrossEntropy, OneVsRest
from sk231n.optimizers import Adam, Momentum
from sk231n.schedules import CosineDecay, ExponentialDecay, OneCycle, Plateau, StepDecay


def stripes(n_images, seed, size=8):
    """Horizontal and vertical stripes, and chequers; no single pixel tells them apart."""
    rng = np.random.RandomState(seed)
    y = np.arange(n_images) % 3
    i, j = np.indices((size, size))
    patterns = np.stack([i % 2, j % 2, (i + j) % 2])
    patterns = patterns[y] ^ rng.randint(2, size=(n_images, 1, 1))
    noise = rng.randint(100, size=(n_images, size, size, 3))
    return (50 + 60 * patterns[..., None] + noise).astype(np.uint8), y


X, Y = stripes(150, 0)
X_TEST, Y_TEST = stripes(90, 1)
QUICK = {"architecture": ((4,), (6,)), "batch_size": 30, "max_iter": 16, "random_state": 0}
FEW = {"architecture": ((3,),), "batch_size": 30, "max_iter": 2, "random_state": 0}


def model(**arguments):
    return ConvNetClassifier(**{**QUICK, **arguments})


def few(**arguments):
    return ConvNetClassifier(**{**FEW, **arguments})


def arrays(fitted):
    normalizations = [array for n in fitted.normalizations_ for array in n.values()]
    return [*fitted.coefs_, *fitted.intercepts_, *normalizations]


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# Everything learns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x,
        lambda x: x.astype(np.float32) / 255,
        lambda x: x / 255.0,
        lambda x: x + 1000.0,
        lambda x: (x + 1000.0).astype(np.float32),
        lambda x: x * 1e-6,
        lambda x: x.astype(np.uint16) * 257,
        lambda x: x.astype(np.int64) - 10**9,
        lambda x: x / 255 * [1, 1e3, 1e-3] + [0, 5e3, 1],
        lambda x: np.concatenate([x, np.zeros_like(x)], axis=3)[..., :5],
    ],
    ids=[
        "bytes", "float32", "float64", "far", "far float32", "small", "uint16", "int64", "mixed",
        "empty channels",
    ],
)  # fmt: skip
def test_any_scale_is_learnt_untuned(view):
    fitted = model().fit(view(X), Y)
    assert fitted.score(view(X_TEST), Y_TEST) > 0.9
    mean, spread = fitted.normalizations_[0].values()
    pixels = view(X).reshape(-1, view(X).shape[3]).astype(float)
    flat = pixels.std(axis=0) == 0
    np.testing.assert_allclose(mean, pixels.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(spread, np.where(flat, 1, pixels.std(axis=0)), rtol=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"loss": "hinge"},
        {"loss": "squared_hinge"},
        {"loss": CrossEntropy(label_smoothing=0.1)},
        {"loss": CrammerSinger(margin=2.0)},
        {"loss": OneVsRest(power=2)},
        {"normalization": "layer"},
        {"normalization": None},
        {"activation": "tanh"},
        {"activation": "maxout"},
        {"activation": LeakyReLU(0.2)},
        {"activation": ["relu", "maxout", "tanh"], "hidden_layer_sizes": 5},
        {"pooling": "average"},
        {"pooling": None},
        {"pool_size": (1, 2)},
        {"kernel_size": (2, 3)},
        {"kernel_size": [5, 5], "head": "flatten"},
        {"head": "flatten", "hidden_layer_sizes": (6, 5)},
        {"weight_init": "glorot"},
        {"weight_init": Normal(0.2)},
        {"penalty": "l1"},
        {"penalty": None},
        {"dropout": 0.1},
        {"averaging": "ema"},
        {"early_stopping": True},
        {"max_norm": 2.0},
        {"class_weight": "balanced"},
        {"class_weight": {0: 2.0}},
        {"shuffle": False},
        {"architecture": [[3, 4]], "max_iter": "auto", "batch_size": "auto"},
    ],
    ids=str,
)
def test_every_argument_learns(arguments):
    assert model(**arguments).fit(X, Y).score(X_TEST, Y_TEST) > 0.9


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", Adam(weight_decay=0.1)],
    ids=str,
)
def test_every_optimizer_learns_by_itself(optimizer):
    fitted = model(optimizer=optimizer, max_iter=12).fit(X, Y)
    assert fitted.score(X_TEST, Y_TEST) > 0.9


@pytest.mark.parametrize("normalization", [None, "layer"])
def test_lbfgs(normalization):
    fitted = model(optimizer="lbfgs", normalization=normalization, max_iter=30, tol=None)
    assert fitted.fit(X, Y).score(X_TEST, Y_TEST) > 0.9
    assert fitted.loss_curve_[-1] < 0.1 * fitted.loss_curve_[0]
    for arguments, named in [
        ({"normalization": "batch"}, "normalization='batch'"),
        ({"dropout": 0.5, "normalization": None}, "dropout=0.5"),
        ({"max_norm": 1.0, "normalization": None}, "max_norm=1.0"),
        (
            {"architecture": [Conv2D(2), Residual([Dropout(0.5)])], "normalization": None},
            r"Among the layers is Residual\(.*Dropout",
        ),
    ]:
        with pytest.raises(ValueError, match=named):
            model(optimizer="lbfgs", **arguments).fit(X, Y)


@pytest.mark.parametrize(
    "schedule",
    [StepDecay(0.02), ExponentialDecay(0.02), CosineDecay(0.02), OneCycle(0.03), Plateau(0.02),
     0.02],
    ids=str,
)  # fmt: skip
def test_every_schedule_learns(schedule):
    assert model(learning_rate=schedule).fit(X, Y).score(X_TEST, Y_TEST) > 0.9


# Targets and weights ------------------------------------------------------------------------------


def test_several_labels():
    labels = np.column_stack([Y == 0, Y > 0, Y < 2]).astype(int)
    fitted = model().fit(X, labels)
    assert fitted.score(X_TEST, np.column_stack([Y_TEST == 0, Y_TEST > 0, Y_TEST < 2])) > 0.9
    scores = fitted.decision_function(X)
    np.testing.assert_array_equal(fitted.predict(X), scores > 0)
    np.testing.assert_allclose(fitted.predict_proba(X), expit(scores))
    assert fitted.decision_map(np.tile(X[:2], (1, 2, 2, 1))).shape[3] == 3


def test_probabilities_as_targets():
    soft = 0.7 * np.eye(3)[Y] + 0.1
    fitted = model(max_iter=20, alpha=0).fit(X, soft)
    np.testing.assert_array_equal(fitted.classes_, [0, 1, 2])
    assert np.abs(fitted.predict_proba(X) - soft).mean() < 0.05
    assert fitted.score(X_TEST, Y_TEST) > 0.9


def test_predictions_agree():
    names = np.array(["flat", "high", "both"])
    for classes in (2, 3):
        keep = classes > Y
        fitted = model().fit(X[keep], names[Y[keep]])
        assert fitted.classes_.tolist() == sorted(names[:classes])
        proba, scores = fitted.predict_proba(X), fitted.decision_function(X)
        assert scores.shape == ((150,) if classes == 2 else (150, 3))
        np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[proba.argmax(axis=1)])
        np.testing.assert_allclose(np.log(proba), fitted.predict_log_proba(X), atol=1e-4)
    assert not hasattr(few(loss="hinge"), "predict_proba")


def test_weights_count_as_samples():
    """Without what looks at a whole batch a weight of two is the image twice."""
    w = np.random.RandomState(0).randint(0, 3, len(X))
    settings = {"normalization": None, "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 999}
    settings |= {"activation": "tanh", "weight_init": "he", "max_iter": 5, "tol": None}
    x = X / 255
    weighted = few(**settings).fit(x, Y, sample_weight=w)
    repeated = few(**settings).fit(x.repeat(w, axis=0), Y.repeat(w))
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-6)
    for ours, theirs in zip(arrays(weighted), arrays(repeated), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)


def test_class_weights_are_sample_weights():
    few_of_two = np.flatnonzero((Y < 2) | (np.arange(150) < 30))
    x, y = X[few_of_two], Y[few_of_two]
    balanced = few(class_weight="balanced", max_iter=3).fit(x, y)
    given = few(max_iter=3).fit(x, y, sample_weight=(1 / np.bincount(y))[y])
    for ours, theirs in zip(arrays(balanced), arrays(given), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_images_without_weight_are_not_seen():
    w = (np.arange(150) < 120).astype(float)
    noisy = np.where(w[:, None, None, None] > 0, X, 255 - X).astype(np.uint8)
    settings = {"normalization": None, "shuffle": False}
    first, second = (few(**settings).fit(x, Y, sample_weight=w) for x in (X, noisy))
    assert_same(arrays(first), arrays(second))


# Forms of images ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float16, np.float32,
              np.float64, np.longdouble]
)  # fmt: skip
def test_types_of_pixels(dtype):
    """Small types are computed in float32, without a copy of all images; the others in float64."""
    x = X > 100 if dtype is bool else (X // 2).astype(dtype)
    small = np.dtype(dtype).itemsize <= 2 or dtype is np.float32
    expected = np.float32 if small else np.float64
    fitted = few().fit(x, Y)
    assert {array.dtype for array in arrays(fitted)} == {np.dtype(expected)}
    assert fitted.decision_function(x).dtype == expected
    assert {maps.dtype for maps in fitted.feature_maps(x[:2])} == {np.dtype(expected)}
    same = few().fit(x.astype(expected), Y)
    assert_same(arrays(fitted), arrays(same))
    np.testing.assert_array_equal(fitted.predict_proba(x), same.predict_proba(x.astype(expected)))


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def in_objects(x):
    objects = np.empty(len(x), dtype=object)
    objects[:] = list(x)
    return objects


FORMS = {
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "backwards": lambda x: x[::-1].copy()[::-1],
    "planes": lambda x: np.ascontiguousarray(x.transpose(1, 2, 0, 3)).transpose(2, 0, 1, 3),
    "channels first": lambda x: np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1),
    "bytes swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "list": list,
    "objects": in_objects,
    "series": lambda x: pd.Series(list(x)),
    "column of a frame": lambda x: pd.DataFrame({"image": list(x)}),
    "rows": lambda x: x.reshape(len(x), -1),
    "rows in Fortran order": lambda x: np.asfortranarray(x.reshape(len(x), -1)),
    "rows of a frame": lambda x: pd.DataFrame(x.reshape(len(x), -1)),
    "nested lists": lambda x: x.tolist(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_any_form_gives_the_same_bits(form, dtype):
    x = (X[:60] if dtype is np.uint8 else X[:60] / 255).astype(dtype)
    if form == "nested lists":
        x = x.astype(np.float64)
    expected = few().fit(x, Y[:60])
    fitted = few().fit(FORMS[form](x), Y[:60])
    assert_same(arrays(fitted), arrays(expected))
    assert fitted.image_shape_ == expected.image_shape_
    scores = expected.decision_function(x)
    for found in (fitted.decision_function(x), expected.decision_function(FORMS[form](x))):
        np.testing.assert_array_equal(found, scores)
    assert_same(expected.feature_maps(FORMS[form](x)), expected.feature_maps(x))


def test_channels_that_come_first_are_refused():
    first = np.zeros((6, 3, 20, 24), np.uint8)
    with pytest.raises(ValueError, match=r"X\.transpose\(0, 2, 3, 1\)"):
        few().fit(first, np.arange(6) % 2)
    with pytest.raises(ValueError, match=r"reshape\(-1, 3, 20, 24\)\.transpose\(0, 2, 3, 1\)"):
        few(image_shape=(3, 20, 24)).fit(first.reshape(6, -1), np.arange(6) % 2)
    fitted = few().fit(first.transpose(0, 2, 3, 1), np.arange(6) % 2)
    for method in ("predict", "decision_function", "feature_maps", "decision_map"):
        with pytest.raises(ValueError, match=r"X\.transpose\(0, 2, 3, 1\)"):
            getattr(fitted, method)(first)


def test_grey_images_with_and_without_their_axis():
    grey = X[..., 0]
    fitted, other = few().fit(grey, Y), few().fit(grey[..., None], Y)
    assert (fitted.image_shape_, other.image_shape_) == ((8, 8), (8, 8, 1))
    assert_same(arrays(fitted), arrays(other))
    for method in ("decision_function", "decision_map"):
        expected = getattr(fitted, method)(grey)
        for one in (fitted, other):
            for images in (grey, grey[..., None]):
                np.testing.assert_array_equal(getattr(one, method)(images), expected)
    np.testing.assert_array_equal(
        fitted.predict(grey.reshape(150, -1)), other.predict(grey[..., None])
    )


def test_the_data_stay_as_they_are():
    for x in (X.copy(), X / 255, (X / 255).astype(np.float32)):
        before, w = x.copy(), np.full(len(x), 2.0)
        fitted = few().fit(x, Y, sample_weight=w, X_val=x, y_val=Y)
        fitted.partial_fit(x, Y)
        fitted.feature_maps(x)
        fitted.decision_map(x)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(w, 2.0)


# Company ------------------------------------------------------------------------------------------


def test_searches_reach_into_the_parts():
    grid = {
        "architecture": [((2,),), [(2,), [3]]],
        "kernel_size": [3, (1, 3)],
        "optimizer__momentum": [0.5, 0.9],
    }
    search = GridSearchCV(few(optimizer=Momentum()), grid, cv=2, error_score="raise").fit(X, Y)
    assert len(search.cv_results_["params"]) == 8
    assert search.predict_proba(X).shape == (150, 3)
    parts = few(loss=CrossEntropy(), optimizer=Momentum(), learning_rate=StepDecay(0.01))
    parts.set_params(loss__label_smoothing=0.3, learning_rate__every=2, optimizer__nesterov=True)
    assert parts.fit(X, Y).loss.label_smoothing == 0.3
    assert repr(clone(parts)) == repr(parts)


def test_pipelines_and_cross_validation():
    pipeline = make_pipeline(MeanSubtraction(), model()).fit(X, Y)
    assert pipeline.score(X_TEST, Y_TEST) > 0.9
    rows = X.reshape(len(X), -1)
    pipeline = make_pipeline(MinMaxScaler(), model(image_shape=(8, 8, 3))).fit(rows, Y)
    assert pipeline[-1].image_shape_ == (8, 8, 3)
    assert pipeline.score(X_TEST.reshape(90, -1), Y_TEST) > 0.9
    scores = cross_val_score(model(), X, Y, cv=3, n_jobs=2)
    assert scores.mean() > 0.9


def test_frames_of_pixels():
    frame = pd.DataFrame(X.reshape(len(X), -1)).add_prefix("pixel")
    fitted = few().fit(frame, pd.Series(Y))
    assert list(fitted.feature_names_in_) == list(frame.columns)
    assert fitted.image_shape_ == (8, 8, 3)
    for method in ("predict", "feature_maps"):
        getattr(fitted, method)(frame)
        with pytest.raises(ValueError, match="feature names"):
            getattr(fitted, method)(frame[frame.columns[::-1]])


def test_not_fitted():
    for method in ("predict", "decision_function", "predict_proba", "feature_maps", "decision_map"):
        with pytest.raises(NotFittedError):
            getattr(few(), method)(X)


def test_arguments_set_after_fit_take_effect_at_the_next():
    fitted = model().fit(X, Y)
    expected = fitted.decision_function(X)
    fitted.set_params(
        architecture=((9,),), kernel_size=5, head="flatten", activation="tanh", pooling=None,
        image_shape=(4, 48), normalization=None, hidden_layer_sizes=(3,), dropout=0.5, pool_size=1,
    )  # fmt: skip
    np.testing.assert_array_equal(fitted.decision_function(X), expected)
    np.testing.assert_array_equal(fitted.feature_maps(X)[-1], expected)
