"""Whitening: the directions that are kept, compared with PCA and with known answers."""

import numpy as np
import pytest
from scipy.linalg import qr
from sklearn.decomposition import PCA

from sk231n import Whitening
from sk231n.datasets import make_shapes

RNG = np.random.RandomState
SHAPES = [(2, 5), (30, 100), (100, 30), (101, 100), (100, 100), (400, 300), (300, 400), (1500, 300)]


def normal(n, d, *, rank=None, seed=0):
    """Correlated data, far from zero."""
    rng = RNG(seed)
    mixing = rng.normal(size=(rank or d, d)) + 2 * np.eye(rank or d, d)
    return rng.normal(size=(n, rank or d)) @ mixing + 10 * rng.normal(size=d)


def covariance(Z):
    return np.cov(Z, rowvar=False, bias=True).reshape(Z.shape[1], -1)


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_pca_is_that_of_scikit_learn(n, d):
    X = normal(n, d)
    model, pca = Whitening(epsilon=0).fit(X), PCA(svd_solver="full").fit(X)
    k = min(n - 1, d)
    assert model.n_components_ == k
    np.testing.assert_allclose(
        model.explained_variance_, pca.explained_variance_[:k] * (n - 1) / n, rtol=1e-8
    )
    np.testing.assert_allclose(model.mean_, X.mean(axis=0), atol=1e-12)
    cosines = np.einsum("ij,ij->i", model.components_, pca.components_[:k])
    np.testing.assert_allclose(np.abs(cosines), 1, rtol=1e-9)
    largest = np.abs(model.components_).argmax(axis=1)
    assert (model.components_[np.arange(k), largest] > 0).all()
    whitened = (X - pca.mean_) @ pca.components_[:k].T / np.sqrt(pca.explained_variance_[:k])
    expected = whitened * np.sign(cosines) * np.sqrt(n / (n - 1))
    np.testing.assert_allclose(model.transform(X), expected, atol=1e-6)


@pytest.mark.parametrize("method", ["pca", "zca"])
@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_what_was_seen_is_white_and_comes_back(method, n, d):
    X = normal(n, d)
    model = Whitening(method, epsilon=0).fit(X)
    Z = model.transform(X)
    expected = np.eye(min(n - 1, d))
    if method == "zca":
        expected = model.components_.T @ model.components_
        np.testing.assert_allclose(expected @ expected, expected, atol=1e-10)
    np.testing.assert_allclose(covariance(Z), expected, atol=1e-6)
    np.testing.assert_allclose(model.inverse_transform(Z), X, atol=1e-8)


def test_inverse_of_unseen_rows_where_all_components_are_kept():
    X = normal(200, 20)
    for method in "pca", "zca":
        model = Whitening(method).fit(X[:100])
        back = model.inverse_transform(model.transform(X[100:]))
        np.testing.assert_allclose(back, X[100:], atol=1e-10)


@pytest.mark.parametrize("method", ["pca", "zca"])
def test_fewer_images_than_pixels(method):
    """Unseen images have a spread similar to that of the training images, not thousands."""
    images = make_shapes(480, image_size=16, random_state=0).images
    model = Whitening(method).fit(images[:240])
    assert model.n_components_ <= 239
    spread = model.transform(images[240:]).std(axis=0)
    assert spread.max() < 5
    assert np.median(spread) < 2
    Z = model.transform(images[:240])
    np.testing.assert_allclose(np.trace(covariance(Z)), model.n_components_, rtol=1e-3)


def rank_deficient():
    rng = RNG(0)
    X = normal(90, 12)
    constant = np.insert(X, [0, 5, 12], [0.1, 1e9, -3.7e5], axis=1)
    return {
        "duplicated rows": (np.repeat(X[:5], 6, axis=0), 4),
        "duplicated rows, shuffled": (rng.permutation(np.repeat(X[:8], 50, axis=0)), 7),
        "constant columns": (constant, 12),
        "constant columns, many": (np.pad(X, [(0, 0), (300, 200)], constant_values=0.7), 12),
        "a column twice": (X[:, [0, 1, 2, 2, 1]], 3),
        "a sum of columns": (np.c_[X, X @ rng.normal(size=(12, 3))], 12),
        "a sum of columns, far from zero": (np.c_[X, X.sum(axis=1) + 1e7], 12),
        "few rows": (normal(7, 300, seed=1), 6),
        "low rank, wide": (normal(60, 90, rank=9), 9),
        "low rank, tall": (normal(3000, 40, rank=9), 9),
        "low rank, many features": (normal(700, 400, rank=50), 50),
        "low rank, as many rows": (normal(41, 40, rank=9), 9),
        "one feature": (X[:, :1], 1),
        "a complete basis": (qr(rng.normal(size=(20, 20)))[0], 19),
        "bits": (np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool), 2),
    }


@pytest.mark.parametrize("method", ["pca", "zca"])
@pytest.mark.parametrize("name", rank_deficient())
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_directions_without_variance_are_left_out(name, dtype, method):
    X, rank = rank_deficient()[name]
    if dtype == np.float32 and X.dtype != bool:
        if "far from zero" in name:
            X[:, -1] -= 1e7 - 1e4
        X = X.astype(np.float32)
    model = Whitening(method, epsilon=0).fit(X)
    assert model.n_components_ == rank
    assert model.components_.shape == (rank, X.shape[1])
    Z = model.transform(X)
    np.testing.assert_allclose(np.trace(covariance(Z)), rank, rtol=1e-2)
    np.testing.assert_allclose(
        model.inverse_transform(Z), X, atol=np.finfo(model.mean_.dtype).eps * 1e3 * np.abs(X).max()
    )


@pytest.mark.parametrize("n", [8, 9, 20, 3000])
def test_features_of_very_different_units(n):
    """A feature of small unit is not mistaken for a rounding error."""
    X = RNG(0).normal(size=(n, 8)) * np.logspace(-6, 6, 8)
    model = Whitening(epsilon=0).fit(X)
    assert model.n_components_ == min(n - 1, 8)
    np.testing.assert_allclose(covariance(model.transform(X)), np.eye(min(n - 1, 8)), atol=1e-4)


@pytest.mark.parametrize("spread", [1.0, 1e-2, 1e-8])
def test_a_few_components_of_many(spread):
    """A few long components are computed by another algorithm than all of them."""
    rng = RNG(0)
    X = (
        rng.normal(size=(300, 40))
        * np.repeat([1.0, spread], 20)
        @ qr(rng.normal(size=(600, 600)))[0][:40]
    )
    everything, few = Whitening(epsilon=0).fit(X), Whitening(n_components=30, epsilon=0).fit(X)
    assert few.n_components_ == 30
    assert everything.n_components_ == 40
    np.testing.assert_allclose(
        few.explained_variance_, everything.explained_variance_[:30], rtol=1e-6
    )
    np.testing.assert_allclose(few.components_ @ few.components_.T, np.eye(30), atol=1e-9)
    np.testing.assert_allclose(covariance(few.transform(X)), np.eye(30), atol=1e-5)
    with pytest.raises(ValueError, match=r"^n_components=41, but X varies along 40 directions"):
        Whitening(n_components=41).fit(X)


@pytest.mark.parametrize("n_components", [5, 8, 12, 1000, 10**30])
def test_more_components_than_directions(n_components):
    X, _ = rank_deficient()["duplicated rows"]
    model = Whitening(n_components=n_components)
    with pytest.raises(ValueError, match=rf"^n_components={n_components}, but X varies along"):
        model.fit(X)
    assert not hasattr(model, "mean_")
    assert model.set_params(n_components=4).fit(X).n_components_ == 4


@pytest.mark.parametrize(("n", "d"), [(40, 60), (60, 40), (700, 300)])
def test_a_share_of_the_variance(n, d):
    X = normal(n, d)
    variances = Whitening().fit(X).explained_variance_
    for share in 1e-9, 0.5, 0.9, 1 - 1e-9:
        k = Whitening(n_components=share).fit(X).n_components_
        assert variances[:k].sum() >= share * variances.sum()
        assert variances[: k - 1].sum() < share * variances.sum()


@pytest.mark.parametrize("method", ["pca", "zca"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e300])
def test_data_that_do_not_vary(value, method):
    model = Whitening(method)
    with pytest.raises(ValueError, match="X does not vary"):
        model.fit(np.full((20, 3), value))
    assert not hasattr(model, "mean_")


def test_a_huge_constant_hides_nothing():
    X = np.c_[np.full(50, 1e200), RNG(0).normal(size=(50, 3))]
    model = Whitening(epsilon=0).fit(X)
    np.testing.assert_allclose(covariance(model.transform(X)), np.eye(3), atol=1e-12)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e20), (np.float64, 1e200)])
def test_variances_that_overflow(dtype, scale):
    for n, d in (50, 3), (3, 50):
        X = (RNG(0).normal(size=(n, d)) * scale).astype(dtype)
        model = Whitening()
        with pytest.raises(ValueError, match="X holds values whose variance is too large for fl"):
            model.fit(X)
        assert not hasattr(model, "components_")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_that_overflow(dtype):
    X = normal(50, 3).astype(dtype)
    for method in "pca", "zca":
        model = Whitening(method).fit(X * dtype(1e-3))
        huge = np.full((2, 3), np.finfo(dtype).max, dtype)
        for call in model.transform, Whitening(method).fit(X * dtype(1e3)).inverse_transform:
            with pytest.raises(ValueError, match="X holds values too large for float"):
                call(huge)


@pytest.mark.parametrize(
    "arguments",
    [
        {"epsilon": 10**400}, {"epsilon": True}, {"epsilon": np.nan}, {"epsilon": np.inf},
        {"epsilon": -1e-9}, {"epsilon": "1"}, {"epsilon": None}, {"n_components": True},
        {"n_components": 10**400}, {"n_components": 0}, {"n_components": 1.0},
        {"n_components": np.nan}, {"n_components": "mle"}, {"method": "PCA"}, {"method": None},
    ],
    ids=lambda arguments: str(arguments)[:40],
)  # fmt: skip
def test_arguments_that_make_no_sense(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"The '{name}' parameter of Whitening"):
        Whitening(**arguments).fit(normal(9, 3))


def test_an_epsilon_that_float32_cannot_hold():
    X = normal(9, 3).astype(np.float32)
    model = Whitening(epsilon=1e300).fit(X)
    with pytest.raises(ValueError, match=r"epsilon=1e\+300 is too large for float32"):
        model.transform(X)


def test_epsilon_is_added_to_the_variances():
    X = normal(60, 4)
    plain, rough = Whitening(epsilon=0).fit(X), Whitening(epsilon=3.0).fit(X)
    factor = np.sqrt(plain.explained_variance_ / (plain.explained_variance_ + 3))
    np.testing.assert_allclose(rough.transform(X), plain.transform(X) * factor, atol=1e-12)
