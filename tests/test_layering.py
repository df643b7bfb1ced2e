"""The layers of the package: modules import from lower levels only, never from their own."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sk231n

ROOT = Path(sk231n.__file__).parent

# From the lowest level up. Every file of the package has its place; `core` is its __init__.py.
LEVELS = {
    0: [
        "_callbacks",
        "_floating_point",
        "_sklearn",
        "_version",
        "_warnings",
        "core",
        "core.blocks",
        "core.epoch",
        "core.errors",
        "core.memory",
        "core.monitoring",
        "core.parameters",
        "core.planes",
        "core.standardization",
        "core.state",
        "core.units",
        "datasets._batch_pickle",
        "datasets._http",
        "datasets._tar",
        "diagnostics._table",
        "features._block_norms",
        "features._color_spaces",
        "features._gradients",
        "features._hog_pictures",
        "features._vote_sums",
        "neighbors._callables",
        "neighbors._costs",
        "neighbors._protocols",
        "neighbors._selection",
        "neural._indicators",
        "onnx._graph",
        "onnx._images",
        "onnx._tensors",
        "play",
        "play._hidden",
        "play._pages",
        "play._pages._kit",
        "play._pages._runner",
        "play._plane",
        "play._points",
        "play._words",
        "plotting._figures",
        "reference._activations",
        "reference._color",
        "reference._convolution",
        "reference._gradient_check",
        "reference._hog",
        "reference._layers",
        "reference._losses",
        "reference._neighbors",
        "reference._normalizations",
        "reference._optimizers",
        "reference._penalties",
        "reference._pooling",
        "reference._target_losses",
    ],
    1: [
        "_containers",
        "_validation",
        "_versions",
        "core.arguments",
        "core.bases",
        "core.chunks",
        "core.lbfgs",
        "core.moments",
        "core.team",
        "datasets._archive",
        "datasets._cifar10_formats",
        "datasets._download",
        "diagnostics._gradient_report",
        "features._float_gradients",
        "neighbors._votes",
        "onnx._hog",
        "photographs._sources",
        "play._fields",
        "play._linear_words",
        "play._pages._planes",
        "plotting._affine",
        "plotting._arrays",
        "plotting._search_axes",
        "plotting._tiles",
        "preprocessing._column_means",
        "reference",
    ],
    2: [
        "_labels",
        "_threads",
        "core.automatic_rate",
        "core.chunk_cache",
        "core.micro_batches",
        "core.spec",
        "core.stream",
        "core.windows",
        "datasets._arguments",
        "datasets._bunch",
        "diagnostics._numerical",
        "neighbors._memory",
        "neighbors._merge",
        "neighbors._rescaling",
        "neighbors._rows",
        "neighbors._weights",
        "photographs._decode",
        "play._pages._page",
        "play._state",
        "plotting._search_results",
    ],
    3: [
        "core.augmentation",
        "core.initializers",
        "core.layer",
        "core.loss",
        "core.optimizer",
        "core.penalties",
        "core.schedules",
        "core.stored",
        "core.taps",
        "core.winograd",
        "datasets._cifar10",
        "datasets._fashion_mnist",
        "datasets._shapes",
        "datasets._spirals",
        "datasets._split",
        "features._batch",
        "neighbors._distances",
        "photographs._reading",
        "plotting._k_selection",
        "plotting._search_heatmap",
    ],
    4: [
        "_estimators",
        "augmentation",
        "core.activations",
        "core.batch_norm",
        "core.cross_entropy",
        "core.data",
        "core.dropout",
        "core.layer_norm",
        "core.margin_losses",
        "core.network",
        "core.objective",
        "core.optimizers",
        "core.pooling",
        "core.residual",
        "core.standardize",
        "core.target_losses",
        "core.weighted",
        "datasets._fetch",
        "initializers",
        "neighbors._block_sums",
        "neighbors._exhaustive",
        "neighbors._search",
        "neural._augmented",
        "onnx._neighbors",
        "penalties",
        "photographs.image_reader",
        "schedules",
    ],
    5: [
        "_data",
        "_images",
        "core.affine",
        "core.averaging",
        "core.convolution",
        "core.normalizations",
        "core.problem",
        "core.steps",
        "losses",
        "neighbors._euclidean_screen",
        "neighbors._manhattan_screen",
        "neighbors._tree",
        "neural._architecture",
        "neural._quantities",
        "onnx._preprocessing",
        "optimizers",
        "photographs._folder",
        "preprocessing._scatter",
        "preprocessing._tiles",
    ],
    6: [
        "_prediction",
        "core.positions",
        "core.training",
        "features._arguments",
        "layers",
        "neighbors._projection",
        "photographs",
        "photographs._inventory",
        "plotting._pictures",
        "preprocessing.bias_trick",
        "preprocessing.flatten",
        "preprocessing.mean_subtraction",
        "preprocessing.whitening",
    ],
    7: [
        "_problem",
        "datasets",
        "datasets.__main__",
        "features._color_transformer",
        "features.hog",
        "neighbors._index",
        "onnx._convolution",
        "plotting._classes",
        "plotting._image_map",
        "plotting._steps",
        "preprocessing",
    ],
    8: [
        "_training",
        "features.color_moments",
        "features.hsv_histogram",
        "neighbors._base",
        "onnx._network",
        "plotting._filters",
        "plotting._image_grid",
        "plotting._learning_curves",
        "plotting._misclassified",
        "plotting._occlusion",
        "plotting._weight_templates",
    ],
    9: [
        "base",
        "features",
        "neighbors.knn",
        "onnx._classification",
        "onnx._color",
        "onnx._color_moments",
    ],
    10: [
        "classification",
        "diagnostics._problem",
        "neighbors._fold",
        "neural._network",
        "plotting._hog",
    ],
    11: [
        "diagnostics._activations",
        "diagnostics._gradient_check",
        "diagnostics._landscape",
        "diagnostics._sanity",
        "diagnostics._summary",
        "diagnostics._updates",
        "linear._base",
        "neighbors.knn_cv",
        "neural._convolutional",
        "neural._network_classifier",
        "neural._perceptron",
        "plotting._hog_weights",
    ],
    12: [
        "diagnostics",
        "linear.softmax",
        "linear.svm",
        "neighbors",
        "neural.convnet",
        "neural.mlp_classifier",
        "neural.mlp_regressor",
    ],
    13: [
        "linear",
        "neural",
        "plotting._activation_histogram",
        "plotting._distance_matrix",
        "plotting._loss_landscape",
        "plotting._neighbors",
    ],
    14: [
        "",
        "plotting",
    ],
    15: [
        "onnx._composition",
        "play._knn",
        "play._linear",
        "play._network",
        "utils",
    ],
    16: [
        "onnx._registration",
        "play._cards",
        "play._knn_words",
        "play._network_words",
        "play._pages.linear",
    ],
    17: [
        "onnx",
        "play._pages.knn",
        "play._pages.network",
    ],
    18: [
        "play._pages.server",
        "play._pages.static",
    ],
    19: [
        "play.__main__",
    ],
}
LEVEL = {f"sk231n.{name}".rstrip("."): level for level, names in LEVELS.items() for name in names}


def module_name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported_modules(path):
    """Names of all modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in FILES else node.module


def test_every_file_has_its_level():
    assert set(FILES) == set(LEVEL)


@pytest.mark.parametrize("name", FILES)
def test_imports_point_down(name):
    ours = {module for module in imported_modules(FILES[name]) if module.split(".")[0] == "sk231n"}
    not_below = {module for module in ours if LEVEL[module] >= LEVEL[name]}
    assert not not_below


def test_the_reference_stands_alone():
    """Its files import NumPy and each other only; no other module imports them."""
    reference = {name for name in FILES if f"{name}.".startswith("sk231n.reference.")}
    for name, path in FILES.items():
        imported = set(imported_modules(path))
        if name in reference:
            assert imported <= {"numpy", *reference}, name
        else:
            assert not imported & reference, name


@pytest.mark.parametrize("name", FILES)
def test_files_are_short(name):
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= 400


def test_core_stands_on_its_own():
    """It imports NumPy, SciPy, and of scikit-learn what parameters and base classes need."""
    of_sklearn = {
        "sk231n.core.bases": {"sklearn", "sklearn.base", "sklearn.callback", "sklearn.utils"},
        "sk231n.core.errors": {"sklearn.exceptions"},
    }
    of_the_package = {"sk231n._sklearn", "sk231n._version"}
    for name in (name for name in FILES if f"{name}.".startswith("sk231n.core.")):
        for module in imported_modules(FILES[name]):
            package = module.split(".")[0]
            if package == "sklearn":
                assert module in of_sklearn.get(name, set()), (name, module)
            elif package == "sk231n":
                assert module.startswith("sk231n.core.") or module in of_the_package, name
            else:
                assert package in sys.stdlib_module_names | {"numpy", "scipy"}, (name, module)


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def private_names_of_sklearn(path):
    """What a file imports from scikit-learn that begins with an underscore, or lies below one."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):  # such as parallel._get_threadpool_controller
            names = [ast.unparse(node)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "sklearn" and any(map(is_private, parts)):
                yield name


def test_private_names_of_sklearn_are_in_one_file():
    elsewhere = {name: set(private_names_of_sklearn(path)) for name, path in FILES.items()}
    assert elsewhere.pop("sk231n._sklearn")
    assert not {name: names for name, names in elsewhere.items() if names}


def test_the_private_names_of_sklearn_are_needed():
    """Each one that is listed is imported somewhere."""
    import sk231n._sklearn as private

    needed = {
        alias.name
        for path in FILES.values()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "sk231n._sklearn"
        for alias in node.names
    }
    assert needed == set(private.__all__)


def is_drawn_by_bokeh(name):
    return f"{name}.".startswith("sk231n.play._pages.")


def test_only_the_pages_import_bokeh_and_only_the_program_imports_them():
    for name, path in FILES.items():
        imported = set(imported_modules(path))
        if not is_drawn_by_bokeh(name):
            assert not {module.split(".")[0] for module in imported} & {"bokeh", "tornado"}, name
            if name != "sk231n.play.__main__":
                assert not any(map(is_drawn_by_bokeh, imported)), name
        if name.split(".")[1:2] != ["play"]:
            assert not any(f"{module}.".startswith("sk231n.play.") for module in imported), name


def test_importing_everything_loads_nothing_but_the_required_packages():
    """scikit-learn loads pandas and rich if they are installed; this package loads neither."""
    code = f"""
import importlib, sys
import joblib, numpy, scipy, sklearn.callback, sklearn.model_selection
before = set(sys.modules)
for name in {[name for name in FILES if not is_drawn_by_bokeh(name)]}:
    importlib.import_module(name)
print(*{{name.split(".")[0] for name in set(sys.modules) - before}})
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split()) - sys.stdlib_module_names
    assert loaded <= {"sk231n", "numpy", "scipy", "sklearn", "joblib"}
