"""Arrays in files: read in chunks, nothing copied whole, results like those of arrays in memory."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sk231n import (
    HOG,
    BiasTrick,
    ColorMoments,
    ConvNetClassifier,
    Flatten,
    HSVHistogram,
    KNNClassifier,
    KNNClassifierCV,
    LinearSVM,
    MeanSubtraction,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.augmentation import Mirror, Shift
from sk231n.core import chunks, stored
from sk231n.core.data import Data, batches
from sk231n.core.stored import StoredArray, is_stored
from sk231n.core.team import Team
from sk231n.plotting import ImageGridDisplay, MisclassifiedDisplay

N_IMAGES = 350
IMAGES = np.random.RandomState(0).randint(256, size=(N_IMAGES, 6, 6, 3), dtype=np.uint8)
LABELS = np.random.RandomState(1).randint(3, size=N_IMAGES)


def in_zarr(X, folder, n_rows=64):
    array = zarr.create_array(folder / "x.zarr", shape=X.shape, chunks=(n_rows, *X.shape[1:]),
                              dtype=X.dtype)  # fmt: skip
    array[:] = X
    return array


def in_hdf5(X, folder):
    return h5py.File(folder / "x.h5", "w").create_dataset("x", data=X)


def in_hdf5_chunks(X, folder):
    chunk = (50, *X.shape[1:])
    return h5py.File(folder / "chunks.h5", "w").create_dataset("x", data=X, chunks=chunk)


def in_fortran_order(X, folder):
    array = np.memmap(folder / "x", X.dtype, "w+", shape=X.shape, order="F")
    array[:] = X
    return array


def in_npy(X, folder):
    np.save(folder / "x.npy", X)
    return np.load(folder / "x.npy", mmap_mode="r")


class Slices:
    """An array that has a shape, a type and slices, and nothing else."""

    def __init__(self, X):
        self.shape, self.dtype, self.X = X.shape, X.dtype, X
        self.longest = 0

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        self.longest = max(self.longest, rows.stop - rows.start)
        return self.X[rows]


def sliced(X, folder):
    return Slices(X)


STORES = [in_zarr, in_hdf5, in_hdf5_chunks, in_fortran_order, in_npy, sliced]
TRAINED = [
    SoftmaxClassifier(max_iter=3, random_state=0),
    SoftmaxClassifier(optimizer="lbfgs", tol=1e3, random_state=0),
    LinearSVM(max_iter=3, early_stopping=True, random_state=0),
    MLPClassifier((9,), max_iter=3, dropout=0.2, random_state=0),
    MLPRegressor((9,), max_iter=3, random_state=0),
    ConvNetClassifier(((4,),), max_iter=2, augmentation=[Mirror(), Shift(1)], random_state=0),
]
TRANSFORMERS = [
    HOG(pixels_per_cell=(3, 3)),
    HOG(pixels_per_cell=(3, 3), transform_sqrt=True),
    HSVHistogram(),
    ColorMoments(grid=(2, 2)),
    MeanSubtraction(),
    MeanSubtraction(mode="channel"),
    Whitening(n_components=5),
    Whitening("zca"),
    BiasTrick(),
    Flatten(),
]


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of few images, of which few are in memory, as those of large files are."""
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 2**12)
    monkeypatch.setattr(chunks, "_BUFFER_BYTES", 2**14)
    monkeypatch.setattr(stored, "_PIECE_BYTES", 2**13)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("shuffle", [False, "chunks", True])
@pytest.mark.parametrize("estimator", TRAINED, ids=repr)
def test_training_gives_the_same_bits(estimator, shuffle, store, tmp_path):
    expected = estimator.set_params(shuffle=shuffle).fit(IMAGES, LABELS)
    expected = [expected.predict(IMAGES), getattr(expected, "coef_", None), expected.loss_curve_]
    given = store(IMAGES, tmp_path)
    estimator.fit(given, LABELS)
    found = [estimator.predict(given), getattr(estimator, "coef_", None), estimator.loss_curve_]
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("estimator", TRAINED, ids=repr)
def test_more_chunks_than_memory_holds(estimator, tmp_path):
    """The order depends on the size of the chunks alone; in order, it is that of memory."""
    n_rows = chunks.rows_per_chunk(108)
    given = in_zarr(IMAGES, tmp_path, n_rows)
    for shuffle, in_memory in [(True, "chunks"), ("chunks", "chunks"), (False, False)]:
        if shuffle is False and estimator.early_stopping:
            continue  # the samples that are set aside come from an order of their own
        estimator.set_params(shuffle=in_memory).fit(IMAGES, LABELS)
        expected = estimator.loss_curve_, estimator.predict(IMAGES)
        estimator.set_params(shuffle=shuffle).fit(given, LABELS)
        assert estimator.loss_curve_ == expected[0]
        np.testing.assert_array_equal(estimator.predict(given), expected[1])
    estimator.set_params(shuffle=True)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_transformers_give_the_same_bits(transformer, store, tmp_path):
    for X in IMAGES, IMAGES.reshape(N_IMAGES, -1), IMAGES / np.float32(255):
        folder = tmp_path / f"{X.dtype}{X.ndim}"
        folder.mkdir()
        given = store(X, folder)
        expected = transformer.fit_transform(X)
        np.testing.assert_array_equal(transformer.fit(given).transform(given), expected)
        assert type(transformer.transform(given)) is np.ndarray


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", ["euclidean", "manhattan"])
def test_queries_give_the_same_bits(name, store, tmp_path):
    queries = store(IMAGES, tmp_path)
    knn = KNNClassifier(3, metric=name).fit(IMAGES[:200], LABELS[:200])
    for one, other in zip(knn.kneighbors(IMAGES), knn.kneighbors(queries), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        knn.kneighbors(queries, 2, return_distance=False), knn.kneighbors(IMAGES, 2)[1]
    )
    np.testing.assert_array_equal(knn.predict(queries), knn.predict(IMAGES))
    np.testing.assert_array_equal(knn.predict_proba(queries), knn.predict_proba(IMAGES))
    assert knn.score(queries, LABELS) == knn.score(IMAGES, LABELS)


@pytest.mark.parametrize("make", [lambda: KNNClassifier(3), lambda: KNNClassifierCV((1, 3), cv=3)])
@pytest.mark.parametrize("store", STORES)
def test_neighbours_say_what_they_copy(store, make, tmp_path):
    knn = make().fit(IMAGES, LABELS)
    given = store(IMAGES, tmp_path)
    if store is in_npy:
        other = make().fit(given, LABELS)
        assert chunks.mapped_file(other._rows) is not None
    else:
        with pytest.warns(UserWarning, match=r"needs its training data at hand: 0.036 MB"):
            other = make().fit(given, LABELS)
    np.testing.assert_array_equal(knn.predict(IMAGES), other.predict(IMAGES))
    assert knn.score(None, LABELS) == other.score(None, LABELS)


def test_neighbours_say_that_they_convert(tmp_path):
    given = in_npy(IMAGES.reshape(N_IMAGES, -1).astype(np.int64), tmp_path)
    with pytest.warns(UserWarning, match="an integer of 8 or 16 bits"):
        KNNClassifier(3).fit(given, LABELS)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("estimator", [*TRAINED, *TRANSFORMERS], ids=repr)
def test_nothing_is_sliced_whole(estimator):
    given = Slices(IMAGES)
    if hasattr(estimator, "predict"):
        estimator.fit(given, LABELS).predict(given)
        if hasattr(estimator, "partial_fit") and not isinstance(estimator, MLPRegressor):
            estimator.partial_fit(given, LABELS)
    else:
        estimator.fit(given).transform(given)
    assert 0 < given.longest <= N_IMAGES // 4


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("store", [in_zarr, in_hdf5, in_fortran_order])
@pytest.mark.usefixtures("small_chunks")
def test_values_that_are_not_finite_are_refused(store, value, tmp_path):
    X = IMAGES.astype(np.float32)
    X[-1, 2, 2, 1] = value
    given = store(X, tmp_path)
    model = SoftmaxClassifier(max_iter=1).fit(IMAGES, LABELS)
    before = model.coef_
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="X contains NaN or infinity among its samples 3"):
            call(given, LABELS)
    with pytest.raises(ValueError, match="X contains NaN"):
        model.predict(given)
    assert model.coef_ is before
    for transformer in HOG(), Whitening():
        with pytest.raises(ValueError, match="X contains NaN"):
            transformer.fit(given)
    with pytest.raises(ValueError, match=r"X_val.*contains NaN"):
        model.fit(IMAGES, LABELS, X_val=given, y_val=LABELS)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.empty((0, 6), np.uint8), "0 sample"),
        (np.empty((5, 0)), "0 feature"),
        (np.zeros((5, 2), complex), "dtype complex128"),
        (np.zeros((5, 2), "S3"), "dtype"),
        (np.zeros((5, 2, 2, 2, 2)), "X has 5 dimensions"),
        (np.zeros((4, 6)), "inconsistent numbers of samples"),
    ],
)
def test_bad_arrays_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(Slices(X), [0, 1, 0, 1, 0])


class Lazy:
    """What dask has still to compute, as far as anyone may look at it."""

    shape, ndim, dtype = (60, 6, 6, 3), 4, np.dtype(np.uint8)

    def __dask_graph__(self):
        return {}

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("everything would be computed")

    __getitem__ = __array__


@pytest.mark.parametrize("estimator", [*TRAINED, *TRANSFORMERS, KNNClassifier(3)], ids=repr)
def test_what_is_still_to_be_computed_is_refused(estimator):
    fitted = estimator.fit(IMAGES, LABELS)
    before = dict(vars(fitted))
    message = r"X is a .*Lazy, which is still to be computed\. .*X\.compute\(\).*X\.to_zarr"
    for name in "fit", "predict", "transform", "kneighbors", "partial_fit":
        if hasattr(fitted, name):
            arguments = (LABELS[:60],) if name.endswith("fit") else ()
            with pytest.raises(TypeError, match=message):
                getattr(fitted, name)(Lazy(), *arguments)
    if hasattr(fitted, "predict"):
        with pytest.raises(TypeError, match=r"y is a .*Lazy, which is still to be computed"):
            fitted.fit(IMAGES[:60], Lazy())
    assert vars(fitted) == before


def test_other_images_are_refused():
    model = SoftmaxClassifier(max_iter=1).fit(Slices(IMAGES), LABELS)
    assert model.n_features_in_ == 108
    with pytest.raises(
        ValueError, match="X has 96 features, but SoftmaxClassifier is expecting 108"
    ):
        model.predict(Slices(np.zeros((3, 96))))
    with pytest.raises(ValueError, match=r"X holds images of shape \(4, 9, 3\)"):
        HOG().fit(Slices(IMAGES)).transform(Slices(np.zeros((3, 4, 9, 3))))
    with pytest.raises(ValueError, match="negative values"):
        HOG(transform_sqrt=True).fit(Slices(-IMAGES.astype(float)))


def test_weights_are_those_of_memory():
    weights = np.random.RandomState(2).randint(3, size=N_IMAGES)
    one, other = (
        SoftmaxClassifier(max_iter=2, random_state=0).fit(X, LABELS, weights)
        for X in (IMAGES, Slices(IMAGES))
    )
    np.testing.assert_array_equal(one.coef_, other.coef_)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    "change",
    [lambda X: X / 255, lambda X: X[:1], lambda X: X[:, :3], lambda X: np.moveaxis(X, 3, 1), list],
    ids=["floats", "one row", "other images", "transposed", "nothing like it"],
)
def test_slices_that_are_not_what_the_array_says(change):
    """As with scaled variables of netCDF: their dtype is that of the file, their values floats."""

    class Changed(Slices):
        def __getitem__(self, rows):
            return change(super().__getitem__(rows)) if change is not list else ["?"]

    message = r"X has the shape .* and the dtype uint8, but its rows 0 to \d+ come as"
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier(max_iter=1).fit(Changed(IMAGES), LABELS)
    for fitted in HOG().fit(IMAGES), KNNClassifier(1).fit(IMAGES, LABELS):
        with pytest.raises(ValueError, match=message):
            getattr(fitted, "predict", getattr(fitted, "transform", None))(Changed(IMAGES))


def test_shapes_and_chunks_of_any_kind():
    expected = SoftmaxClassifier(max_iter=1, random_state=0).fit(IMAGES, LABELS).coef_
    for own in (10**10, 6, 6, 3), (0, 6, 6, 3), (-5, 6, 6, 3), None, (np.int64(7), 6, 6, 3):
        given = Slices(IMAGES)
        given.shape, given.chunks = tuple(map(np.int64, IMAGES.shape)), own
        model = SoftmaxClassifier(max_iter=1, random_state=0).fit(given, LABELS)
        np.testing.assert_array_equal(model.coef_, expected)
        assert HOG().fit(given).transform(given).shape[0] == N_IMAGES


def test_views_of_mapped_files_and_lazy_containers(tmp_path):
    mapped = np.asarray(in_npy(IMAGES, tmp_path))
    assert is_stored(mapped[::2])
    assert is_stored(mapped[:, ::-1])
    assert not is_stored(mapped[10:])
    given = Slices(IMAGES)
    given.__dask_graph__ = lambda: None  # as xarray has for what dask knows nothing of
    assert is_stored(given)


@pytest.mark.parametrize("store", [in_zarr, in_hdf5, in_fortran_order])
def test_displays_show_images_of_files(store, tmp_path):
    given = store(IMAGES, tmp_path)
    grid = ImageGridDisplay.from_arrays(given, LABELS)
    np.testing.assert_array_equal(grid.images, ImageGridDisplay.from_arrays(IMAGES, LABELS).images)
    model = SoftmaxClassifier(max_iter=1, random_state=0).fit(IMAGES, LABELS)
    MisclassifiedDisplay.from_estimator(model, given, LABELS)


@pytest.mark.parametrize("batch_size", [5, 64, 300])
@pytest.mark.parametrize("share", [1, 0.1])
@pytest.mark.parametrize("shuffled", [True, False])
def test_no_chunk_is_read_much_oftener_than_once(batch_size, share, shuffled, monkeypatch):
    """Large batches, and rows of which few are used, are read ahead in time."""
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 2**5)
    monkeypatch.setattr(chunks, "_BUFFER_BYTES", 2**10)
    X = np.random.RandomState(0).randint(256, size=(4000, 4), dtype=np.uint8)
    source = Slices(X)
    array, reads = StoredArray(source), []
    monkeypatch.setattr(
        array._chunks, "_read", lambda chunk, place, read=array._chunks._read: (
            reads.append(chunk), read(chunk, place)
        )
    )  # fmt: skip
    rng = np.random.RandomState(1)
    rows = np.flatnonzero(rng.rand(4000) < share)
    data = Data(array, rows, np.ones(4000), rows, np.dtype(np.float32))
    order = data.order("chunks" if shuffled else False, rng)
    seen = [
        taken
        for taken, x in batches(data, lambda x: None, batch_size, order, Team(1))
        if np.testing.assert_array_equal(x, X[taken]) is None
    ]
    np.testing.assert_array_equal(np.concatenate(seen), order)
    needed = len(np.unique(order // array.chunks[0]))
    assert needed <= len(reads) <= 1.3 * needed  # a batch of 300 needs more than memory holds


def test_a_reader_that_fails_leaves_the_estimator_as_it_was():
    class Torn(Slices):
        def __getitem__(self, rows):
            raise OSError("the disk is gone")

    model = SoftmaxClassifier(max_iter=1).fit(IMAGES, LABELS)
    before = dict(vars(model))
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(Torn(IMAGES), LABELS)
    assert vars(model) == before


def test_what_counts_as_stored(tmp_path):
    assert all(is_stored(store(IMAGES, tmp_path)) for store in STORES if store is not in_npy)
    import pandas as pd
    from scipy.sparse import csr_array

    for X in in_npy(IMAGES, tmp_path), IMAGES, [[1]], pd.DataFrame([[1]]), csr_array([[1]]), None:
        assert not is_stored(X)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_reading_in_any_order(data):
    """Against indexing in memory: chunks of any size, of which memory holds any number."""
    X = data.draw(npst.arrays(np.int16, npst.array_shapes(min_dims=2, max_dims=4, max_side=9)))
    source = Slices(X)
    source.chunks = (data.draw(st.integers(1, 4)), *X.shape[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_CHUNK_BYTES", data.draw(st.sampled_from([1, 40])))
        patch.setattr(chunks, "_BUFFER_BYTES", data.draw(st.sampled_from([1, 100, 10**6])))
        array = StoredArray(source)
    assert (array.shape, array.dtype, array.ndim, array.size) == (X.shape, X.dtype, X.ndim, X.size)
    index = st.integers(0, len(X) - 1)
    for rows in data.draw(st.lists(st.lists(index, min_size=1), max_size=5)):
        np.testing.assert_array_equal(array[np.array(rows)], X[rows])
        assert np.array_equal(array[rows[0]], X[rows[0]])
    start, stop = sorted(data.draw(st.tuples(index, index)))
    assert array[stop:stop].shape == (0, *X.shape[1:])
    np.testing.assert_array_equal(array[start:stop], X[start:stop])
    flat = array.reshape(len(array), -1)
    np.testing.assert_array_equal(flat[:], X.reshape(len(X), -1))
    np.testing.assert_array_equal(np.asarray(flat), X.reshape(len(X), -1))


def test_threads_that_take_while_others_are_expected(monkeypatch):
    """Memory holds a few chunks, which change hands all the time."""
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 2**6)
    monkeypatch.setattr(chunks, "_BUFFER_BYTES", 2**9)
    X = np.random.RandomState(0).randint(256, size=(500, 4), dtype=np.uint8)
    array = StoredArray(Slices(X))

    def work(seed):
        rng = np.random.RandomState(seed)
        for _ in range(150):
            first = rng.randint(500 - 60)
            rows = first + rng.permutation(60)[: rng.randint(1, 60)]
            if seed == 0:
                array.expect(rng.randint(500, size=40))
            np.testing.assert_array_equal(array[rows], X[rows])

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(work, range(4)))
    array.expect(np.empty(0, int))


def test_what_cannot_be_read_ahead_is_an_error_where_it_is_needed(small_chunks):
    class Torn(Slices):
        def __getitem__(self, rows):
            if rows.start > 200:
                raise OSError(f"rows {rows.start} are gone")
            return super().__getitem__(rows)

    array = StoredArray(Torn(IMAGES))
    array.expect(np.arange(150, 350))
    np.testing.assert_array_equal(array[100:200], IMAGES[100:200])
    with pytest.raises(OSError, match="are gone"):
        array[300:]
    array.expect(np.empty(0, int))
    assert "reads ahead" not in [thread.name for thread in threading.enumerate()]


def test_reading_a_mapped_file_in_any_order(tmp_path, small_chunks):
    """In order, a few rows of many chunks, and many rows of a few, are read in different ways."""
    X = np.random.RandomState(0).randint(256, size=(3000, 5, 3), dtype=np.uint8)
    array = StoredArray(in_npy(X, tmp_path))
    assert array._chunks.n_chunks > 2 * array._chunks.n_places
    rng = np.random.RandomState(1)
    for rows in (
        np.arange(100, 900), np.arange(0), np.array([2999]), rng.permutation(3000)[:200],
        rng.permutation(300), np.sort(rng.randint(500, size=300)), np.arange(900, 100, -1),
    ):  # fmt: skip
        np.testing.assert_array_equal(array[rows], X[rows])


@given(st.integers(1, 300), st.integers(1, 40), st.integers(2, 5), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_order_in_chunks(n_rows, chunk_rows, n_together, seed):
    """Each row comes once, few chunks are needed at a time, and these are in random order."""
    rows = np.random.RandomState(seed).permutation(400)[:n_rows]
    order = chunks.shuffled_in_chunks(rows, chunk_rows, n_together, np.random.RandomState(seed))
    assert sorted(order) == sorted(rows)
    seen, part = [], set()
    for chunk in order // chunk_rows:
        if chunk not in part and len(part) == n_together:
            seen, part = [*seen, part], set()
        part.add(chunk)
    seen.append(part)
    assert len(set.union(*seen)) == sum(map(len, seen))


PEAKS = """
import sys
import threading
import numpy as np
from sk231n import HOG, KNNClassifier, MLPClassifier, SoftmaxClassifier
from sk231n.augmentation import Mirror, Shift
from sk231n.core import chunks, stored
from sk231n.core.data import Data, batches

chunks._BUFFER_BYTES, stored._PIECE_BYTES = 2**24, 2**22

def anonymous():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))

def peak(work):
    found, done = [anonymous()], threading.Event()
    def watch():
        while not done.wait(0.002):
            found.append(anonymous())
    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return max(found) - found[0]

kind, path = sys.argv[1:]
if kind == "npy":
    X = np.load(path, mmap_mode="r")
else:
    import zarr
    X = zarr.open(path)
y = np.arange(X.shape[0]) % 10
few = np.array(X[:300])
for fit in (
    lambda X, y: SoftmaxClassifier(max_iter=1, shuffle="chunks").fit(X, y),
    lambda X, y: SoftmaxClassifier(max_iter=1, early_stopping=True, shuffle="chunks").fit(X, y),
    lambda X, y: MLPClassifier((10,)).partial_fit(X, y, classes=range(10)),
    lambda X, y: HOG(orientations=3, block_norm=None).fit(X),
    lambda X, y: KNNClassifier(1).fit(few, y[:300]),
):
    model = fit(few, y[:300])  # so that what is only needed once is there
    print(peak(lambda: fit(X, y)))
    print(peak(lambda: getattr(model, "predict", getattr(model, "transform", None))(X)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("store", [in_npy, in_zarr])
def test_memory_is_bounded(store, tmp_path):
    """Of 120 MB in a file, less than half is in memory, the 8 MB of the features included."""
    X = np.random.RandomState(0).randint(256, size=(40_000, 32, 32, 3), dtype=np.uint8)
    store(X, tmp_path) if store is in_npy else store(X, tmp_path, 500)
    path = next(tmp_path.iterdir())
    kind = path.suffix[1:]
    run = subprocess.run([sys.executable, "-c", PEAKS, kind, path], capture_output=True, text=True)
    assert not run.stderr
    peaks = [float(line) for line in run.stdout.splitlines()]
    assert len(peaks) == 10
    assert max(peaks) < 60, peaks
    assert max(peaks) > 20  # it measures something
