"""Batches of the convolutional classifier: threads, micro-batches, augmentation."""

import copy
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from sk231n import ConvNetClassifier
from sk231n.augmentation import Augmentation, Cutout, Mirror, Shift
from sk231n.core.micro_batches import MicroBatches
from sk231n.core.objective import Objective, is_correct
from sk231n.core.penalties import L2
from sk231n.core.team import Team
from sk231n.layers import (
    Affine,
    BatchNorm,
    Conv2D,
    Dropout,
    GlobalAveragePool2D,
    MaxPool2D,
    Network,
    ReLU,
    Tanh,
)
from sk231n.losses import CrossEntropy

RNG = np.random.RandomState(0)
X = RNG.randint(0, 256, (90, 8, 8, 3)).astype(np.uint8)
Y = np.arange(90) % 3
X[Y == 1, ::2] //= 2
X[Y == 2, :, ::2] //= 2
W = RNG.uniform(0.1, 3, 90)
FEW = {"architecture": ((3,), (4,)), "batch_size": 40, "max_iter": 3, "random_state": 0}
CHANCE = {"augmentation": [Mirror(), Shift(1), Cutout(3)], "dropout": 0.3}
VARIANTS = {
    "plain": {},
    "chance": CHANCE,
    "average": {"averaging": "ema", **CHANCE},
    "early stopping": {"early_stopping": True},
    "layer": {"normalization": "layer", "activation": "maxout", "max_norm": 1.0},
    "nothing": {"normalization": None, "head": "flatten", "optimizer": "momentum"},
    "hinge": {"loss": "hinge", "pooling": "average", "learning_rate": 0.01},
    "layers": {"architecture": (Conv2D(3), BatchNorm(), ReLU(), MaxPool2D(), Dropout(0.2))},
}
variants = pytest.mark.parametrize("name", VARIANTS)


def few(**arguments):
    return ConvNetClassifier(**{**FEW, **arguments})


def variant(name, **arguments):
    return clone(few(**{**VARIANTS[name], **arguments}))


def learnt(model):
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


def arrays(model):
    """All parameters, copied."""
    normalizations = [array for n in model.normalizations_ for array in n.values()]
    return [array.copy() for array in (*model.coefs_, *model.intercepts_, *normalizations)]


def assert_same(first, second, **tolerance):
    for a, b in zip(first, second, strict=True):
        if tolerance:
            np.testing.assert_allclose(a, b, **tolerance)
        else:
            np.testing.assert_array_equal(a, b)


# Bits ---------------------------------------------------------------------------------------------


@variants
def test_any_number_of_threads(name, monkeypatch):
    """In micro-batches of seven images, and predictions of as many at a time."""
    monkeypatch.setattr("sk231n.neural._convolutional._FEWEST_IMAGES", 1)
    monkeypatch.setattr("sk231n.neural._convolutional._MOST_IMAGES", 7)
    monkeypatch.setattr("sk231n.neural._convolutional._FEW_VALUES", 0)
    found = []
    for n_threads in (1, 2, 3, 5):
        with joblib.parallel_config(backend="threading", n_jobs=n_threads):
            model = variant(name).fit(X, Y, sample_weight=W)
            results = [*arrays(model), *model.history_.values(), model.decision_function(X)]
            results += [model.predict(X), *model.feature_maps(X)]
            results.append(model.decision_map(np.tile(X[:9], (1, 2, 2, 1))))
            if hasattr(model, "partial_fit"):
                results += arrays(model.partial_fit(X, Y))
            found.append(results)
    for other in found[1:]:
        assert_same(other, found[0])


@pytest.mark.parametrize("name", ["chance", "layers"])
def test_the_same_seed_gives_the_same_bits(name):
    first = variant(name).fit(X, Y)
    assert_same(arrays(variant(name, random_state=np.random.RandomState(0)).fit(X, Y)),
                arrays(first))  # fmt: skip
    other = variant(name, random_state=1).fit(X, Y)
    assert not np.array_equal(first.coefs_[0], other.coefs_[0])


def test_predictions_do_not_depend_on_the_other_images():
    """But for the rounding of products of another size."""
    model = few(normalization="batch").fit(X / 255, Y)
    together = model.decision_function(X / 255)
    alone = np.concatenate([model.decision_function(x[None] / 255) for x in X[:9]])
    np.testing.assert_allclose(alone, together[:9], rtol=1e-10, atol=1e-12)


# Micro-batches ------------------------------------------------------------------------------------

SMOOTH = [Conv2D(3), Tanh(), MaxPool2D(), Conv2D(4, padding="valid"), Tanh(),
          GlobalAveragePool2D(), Affine(3)]  # fmt: skip


def objective(layers, micro_batch, team=None):
    network = Network(layers, (8, 8, 3))
    factors = network.weight_factors()
    return Objective(
        network, CrossEntropy(), is_correct, L2(), 0.1, factors, team=team, micro_batch=micro_batch
    )


def starting_point(layers, dtype=np.float64):
    network, rng = Network(layers, (8, 8, 3)), np.random.RandomState(3)
    theta = network.initialize(rng, dtype)
    return theta + 0.1 * rng.standard_normal(theta.size).astype(dtype)


@pytest.mark.parametrize("size", [1, 2, 7, 16, 89, 90, 200])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_micro_batches_are_the_whole_batch(size, n_threads):
    x, w = X / 255 - 0.5, np.where(np.arange(90) % 7, W, 0)
    w /= w.sum()
    theta = starting_point(SMOOTH)
    results = []
    with Team(n_threads) as team:
        for micro_batch in (None, size):
            gradient = np.full_like(theta, np.nan)
            minimised = objective(SMOOTH, micro_batch, team)
            value, scores = minimised(theta, x, Y, w, gradient, np.random.RandomState(0))
            again = np.full_like(theta, np.nan)
            minimised(theta, x, Y, w, again, np.random.RandomState(0))
            np.testing.assert_array_equal(again, gradient)
            results.append((value, scores, gradient))
    assert_same(results[1], results[0], rtol=1e-10, atol=1e-14)


def test_statistics_are_averaged_by_weight():
    """Of micro-batches of 4, 4 and 3 images whose weights are 0.5, 0 and 0.2 of the whole."""
    layers = [BatchNorm(momentum=0.75), GlobalAveragePool2D(), Affine(3)]
    x = np.random.RandomState(1).standard_normal((11, 8, 8, 3))
    w = np.r_[np.full(3, 0.05), np.zeros(5), 0.1, 0.2, 0.4]
    minimised = objective(layers, 4)
    parts = minimised.micro_batches.slices(11)
    assert [part.stop - part.start for part in parts] == [3, 4, 4]
    theta = minimised.network.initialize(np.random.RandomState(0), np.float64)
    norm = minimised.network.layout.views(theta)[0]
    norm.mean[...], norm.variance[...] = [1, 2, 3], [4, 5, 6]
    mean, variance = norm.mean.copy(), norm.variance.copy()
    gradient = np.full_like(theta, np.nan)
    minimised(theta, x, np.arange(11) % 3, w, gradient, np.random.RandomState(0))
    for part in parts:
        share = w[part].sum() / w.sum()
        if share:
            of_part = w[part] / w[part].sum()
            mu = np.einsum("n,nhwc->c", of_part, x[part]) / 64
            sigma = np.einsum("n,nhwc->c", of_part, (x[part] - mu) ** 2) / 64
            mean += share * 0.25 * (mu - [1, 2, 3])
            variance += share * 0.25 * (sigma - [4, 5, 6])
    np.testing.assert_allclose(norm.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(norm.variance, variance, rtol=1e-12)
    slopes = minimised.network.layout.views(gradient)[0]
    assert not slopes.mean.any()
    assert not slopes.variance.any()


def test_a_batch_without_weight_changes_nothing():
    layers = [BatchNorm(), GlobalAveragePool2D(), Affine(3)]
    minimised, theta = objective(layers, 4), starting_point(layers)
    before, gradient = theta.copy(), np.full_like(theta, np.nan)
    value, _ = minimised.data_loss(
        theta, X[:12] / 255, Y[:12], np.zeros(12), gradient, np.random.RandomState(0)
    )
    assert value == 0
    np.testing.assert_array_equal(theta, before)
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize(("n_samples", "size"), [(1, 1), (3, 7), (40, 7), (41, 8), (200, 16)])
def test_how_a_batch_is_cut(n_samples, size):
    network = SimpleNamespace(layout=SimpleNamespace(size=10))
    parts = MicroBatches(network, size, Team(1)).slices(n_samples)
    assert np.concatenate([np.arange(n_samples)[part] for part in parts]).tolist() == list(
        range(n_samples)
    )
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) <= 1.5 * -(-n_samples // size)


def test_lanes_are_few_for_large_networks(monkeypatch):
    """One lane, and so one sum, gives what four give, but for rounding."""
    results = []
    for lanes_size in (2**24, 1):
        monkeypatch.setattr("sk231n.core.micro_batches._LANES_SIZE", lanes_size)
        model = few(normalization=None, learning_rate=0.05, optimizer="sgd")
        monkeypatch.setattr("sk231n.neural._convolutional._MOST_IMAGES", 8)
        monkeypatch.setattr("sk231n.neural._convolutional._FEW_VALUES", 0)
        results.append(arrays(model.fit(X / 255, Y)))
    assert_same(results[0], results[1], rtol=1e-9, atol=1e-11)


# Augmentation -------------------------------------------------------------------------------------


class Recording(Augmentation):
    """Remembers what it was given, and changes nothing."""

    def __init__(self, seen=None):
        self.seen = seen

    def __call__(self, images, rng):
        if self.seen is not None:
            self.seen.append((images.copy(), images.dtype, rng.randint(2**31)))
        return images


def test_augmentations_see_the_images_of_training_alone():
    seen = []
    model = few(early_stopping=True, validation_fraction=0.3, augmentation=None)
    plain = clone(model).fit(X, Y)
    model.set_params(augmentation=Recording(seen)).fit(X, Y)
    model.score(X, Y)
    model.feature_maps(X)
    given = np.concatenate([images for images, _, _ in seen[1:]])  # the first one is a trial
    assert given.shape[1:] == (8, 8, 3)
    assert {dtype for _, dtype, _ in seen} == {np.dtype(np.uint8)}
    assert len(given) == 63 * model.n_iter_
    known = {image.tobytes() for image in X}
    assert len({image.tobytes() for image in given} & known) == 63
    seeds = [seed for _, _, seed in seen[1:]]
    assert len(set(seeds)) == len(seeds)
    assert len(plain.history_["validation_score"]) == plain.n_iter_


@pytest.mark.parametrize("augmentation", [Mirror(), Shift(2), Cutout(4)], ids=str)
def test_augmentations_act_and_are_drawn_from_random_state(augmentation):
    plain = few().fit(X, Y)
    first, second = (few(augmentation=augmentation).fit(X, Y) for _ in range(2))
    assert_same(arrays(first), arrays(second))
    assert not np.array_equal(first.coefs_[0], plain.coefs_[0])
    # The moments are those of the images as they are.
    assert_same(first.normalizations_[0].values(), plain.normalizations_[0].values())
    np.testing.assert_array_equal(
        few(augmentation=[augmentation]).fit(X, Y).coefs_[0], first.coefs_[0]
    )
    same_scores = copy.deepcopy(first).set_params(augmentation=None)
    np.testing.assert_array_equal(same_scores.decision_function(X), first.decision_function(X))


def test_rows_are_augmented_as_images():
    expected = few(**CHANCE).fit(X, Y)
    found = few(**CHANCE).fit(X.reshape(90, -1), Y)
    assert_same(arrays(found), arrays(expected))


@pytest.mark.parametrize(
    ("augmentation", "error", "message"),
    [
        ("mirror", TypeError, "augmentation"),
        (Mirror, TypeError, "augmentation"),
        ([Mirror(), None], TypeError, "augmentation"),
        ([Mirror(), "shift"], TypeError, "augmentation"),
        (ReLU(), TypeError, "augmentation"),
        (Mirror(p=1.5), ValueError, "p"),
        (Shift(-1), ValueError, "max_pixels"),
        (Shift(1, mode="x"), ValueError, "mode"),
        (Cutout(2.5), ValueError, "size"),
        (Shift(20, mode="reflect"), ValueError, "Shift|max_pixels"),
    ],
    ids=str,
)
def test_augmentations_that_do_not_fit(augmentation, error, message, monkeypatch):
    monkeypatch.setattr("sk231n.core.network.Network.forward", None)  # before any work
    model = few(augmentation=augmentation)
    with pytest.raises(error, match=message):
        model.fit(X, Y)
    assert not learnt(model)
