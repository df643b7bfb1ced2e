"""Turn the figures of the benchmarks into docs/results.md, and what the front pages show of them.

python benchmarks/report.py docs/results
"""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from summary import capabilities, numbers, reasons

ROOT = Path(__file__).parents[1]

FIGURES = (
    "features", "linear", "neighbors", "neural", "growth", "accuracy", "convnet", "photographs",
    "play", "out_of_core", "cluster", "onnx", "limits",
)  # fmt: skip

RECIPE_NAMES = {"default": "`ConvNetClassifier()` on bytes"}

# Which photographs these are, by the number of those to train on.
ORIGINS = {
    40_000: (
        "All of them are training images of CIFAR-10, after one JPEG round trip; the 10,000 test\n"
        "images are those that no model was trained on. The official test images are others, on\n"
        "which accuracies may differ by about a point."
    ),
    50_000: "They are the official ones.",
}


def table(header, rows):
    """Markdown table: the first column aligned left, the others right."""
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def pixels_table(linear):
    slowest = linear["pixels"]["LogisticRegression(max_iter=50)"]["seconds"]
    rows = [
        (
            f"`{name}`",
            f"{f['accuracy']:.3f}",
            f"{f['seconds']:.1f}",
            f"{slowest / f['seconds']:.1f}",
        )
        for name, f in linear["pixels"].items()
    ]
    return table(["model", "test accuracy", "seconds of fit", "times as fast"], rows)


def features_table(linear):
    rows = [
        (f"`{name.replace(' on ', '` on ')}", f["features"], f"{f['accuracy']:.3f}",
         f"{f['seconds']:.1f}")
        for name, f in linear["features"].items()
    ]  # fmt: skip
    return table(["model", "features", "test accuracy", "seconds, extraction included"], rows)


def speed_table(figures):
    ours = figures["sk231n"]
    rows = [(name, f"{speed:,.0f}", f"{ours / speed:.1f}") for name, speed in figures.items()]
    return table(["", "images a second", "sk231n is faster by"], rows)


def duel_name(duel):
    name = {"euclidean": "L2", "manhattan": "L1"}[duel["metric"]]
    return f"{name}, {duel['samples']:,} x {duel['queries']:,}"


def duels_table(neighbors):
    rows = []
    for duel in neighbors["duels"]:
        ours = duel["seconds"]["sk231n"]
        for name, seconds in duel["seconds"].items():
            rows.append((f"{duel_name(duel)}: {name}", f"{seconds:.2f}", f"{seconds / ours:.1f}"))
    return table(["", "seconds", "sk231n is faster by"], rows)


def folds_table(neighbors):
    folds = neighbors["cross_validation"]
    ours = folds["KNNClassifierCV()"]
    rows = [(f"`{name}`", f"{s:.1f}", f"{s / ours:.1f}") for name, s in folds.items()]
    return table(["", "seconds", "`KNNClassifierCV` is faster by"], rows)


def noise_table(neighbors):
    cells = {}
    for f in neighbors["noise"]:
        row = (f["samples"], f["features"])
        cells.setdefault(row, {})[f["metric"], f["dtype"]] = f"{f['ratio']:.1f}"
    columns = [(m, d) for m in ("euclidean", "manhattan") for d in ("float32", "float64")]
    rows = [
        (f"{samples:,} x {features:,}", *(cells[samples, features][column] for column in columns))
        for samples, features in cells
    ]
    return table(["samples x features", *(f"{m}, {d}" for m, d in columns)], rows)


def networks_table(neural):
    rows = []
    for network, figures in neural["duels"].items():
        for name, speed in figures["speed"].items():
            ratio = f"{figures['ratio'][name]:.2f}"
            rows.append((f"{network}: {name}", f"{speed:,.0f}", ratio))
    return table(["", "samples a second", "sk231n is faster by"], rows)


def accuracy_name(name, figures):
    """Name of a row, with what was chosen or cut short in it."""
    if "k" in figures:
        return f"{name}: k = {figures['k']}"
    if "stopped_after" in figures:
        return f"{name}, stopped after {figures['stopped_after']:,} iterations, not at its minimum"
    return name


def accuracy_table(accuracy):
    rows = [
        (
            accuracy_name(name, f),
            f"{f['accuracy']:.3f}",
            f"{f['seconds']:.0f}",
            "" if f["beside"] is None else f"{f['beside']:.3f}, {f['source']}",
        )
        for name, f in accuracy["rows"].items()
    ]
    return table(["", "test accuracy", "seconds", "for comparison"], rows)


def confusions(accuracy, name):
    """Name the pairs of classes that a classifier confuses most often."""
    classes = accuracy["classes"]
    return ", ".join(
        f"{classes[first]} and {classes[second]}"
        for first, second in accuracy["rows"][name]["most_confused"]
    )


def costs_table(figures, of, digits):
    """One row per size, one column per competitor."""
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    rows = [
        (f"{int(size):,}", *(f"{row[n]:,.{digits}f}" if n in row else "" for n in names))
        for size, row in figures.items()
    ]
    return table([of, *names], rows)


def memory_table(growth):
    return table(["", "MiB"], [(f"`{n}`" if "(" in n else n, f"{m:.0f}")
                               for n, m in growth["memory"].items()])  # fmt: skip


def noise_queries(neighbors):
    """Smallest and largest number of queries in noise, in words."""
    numbers = [row["queries"] for row in neighbors["noise"]]
    return f"{min(numbers):,} to {max(numbers):,}"


def growth_table(growth, key):
    rows = [
        (f"{int(n):,}", f"{s['sk231n']:.2f}", f"{s['scikit-learn']:.2f}",
         f"{s['scikit-learn'] / s['sk231n']:.1f}")
        for n, s in growth[key].items()
    ]  # fmt: skip
    return table([key, "sk231n", "scikit-learn", "ratio"], rows)


def convnets_table(convnet):
    rows = [
        (f"`{name}`: {peer}", f"{speed:,.0f}", f"{duel['ratio'][peer]:.2f}")
        for name, duel in convnet["duels"].items()
        for peer, speed in duel["speed"].items()
    ]
    return table(["", "images a second", "sk231n is faster by"], rows)


def one_phrase(convnet):
    """Time of one prediction, and memory."""
    return " ".join(
        f"With `{name}`, the prediction of one image takes {one['milliseconds']:.1f} ms, and a\n"
        f"`fit` allocates {one['peak']:.0f} MB beside its data at its peak, the parameters being\n"
        f"{one['parameters']:.1f} MB."
        for name, one in convnet["one"].items()
    )


def recipes_table(convnet):
    rows = [
        (RECIPE_NAMES.get(name, name), f"{row['accuracy']:.3f}",
         f"{row['with mirrored votes']:.3f}", f"{row['seconds']:.0f}")
        for name, row in convnet["recipes"].items()
    ]  # fmt: skip
    return table(["", "test accuracy", "with mirrored votes", "seconds of fit"], rows)


def play_table(play):
    rows = ["| page | seconds until it is there | pictures a second |", "|---|---|---|"]
    for path in ("/", "/knn", "/linear", "/network"):
        pictures = play.get(f"pictures a second of {path}")
        shown = "" if pictures is None else f"{pictures:.0f}"
        rows.append(f"| `{path}` | {play[f'seconds to {path}']:.1f} | {shown} |")
    return "\n".join(rows)


def out_of_core_table(figures):
    images = figures["n"]
    rows = [
        (name, f"{seconds:.1f}", "" if "KNN" in name else f"{images / seconds:,.0f}")
        for name, seconds in figures["seconds"].items()
    ]
    every = figures["all rows"]
    slow = f"{every:.0f}" if every else f"more than {figures['patience']:.0f}"
    rows.insert(
        3, ("`fit(shuffle=True)`, all rows", slow, f"{images / every:,.0f}" if every else "")
    )
    return table(["", "seconds", "images a second"], rows)


def shuffle_table(accuracy):
    rows = [
        (row["model"], row["order"], f"{row['True']:.4f}", f"{row['chunks']:.4f}")
        for row in accuracy["rows"]
    ]
    return table(["model", "order of the file", "`shuffle=True`", '`"chunks"`'], rows)


def workers_table(cluster):
    rows = [
        (row["workers"], f"{row['HOG']:,.0f}", f"{row['gradients']:,.0f}",
         f"{row['neighbours'] / 1e6:,.1f}", f"{row['seconds of search']:.1f}",
         f"{row['simulated seconds']:.1f}")
        for row in cluster["measured"]
    ]  # fmt: skip
    header = [
        "workers", "HOG, images a second", "gradients, images a second",
        "neighbours, million pairs a second", "seconds of the search", "simulated",
    ]  # fmt: skip
    return table(header, rows)


def simulation_table(cluster):
    times = cluster["simulated seconds"]
    first = times["1"]
    rows = [(n, f"{value / 3600:.2f}", f"{first / value:.1f}") for n, value in times.items()]
    return table(["workers", "hours", "times as fast as one"], rows)


def memory_section(figures):
    size, limit = f"{figures['megabytes']:,.0f} MB", f"{figures['limit']} MB"
    return f"""## More than memory

`python benchmarks/out_of_core.py --cifar10 DIR`: a file of {figures["n"]:,} images, {size}, and
processes that may take {limit}, what the system keeps of the file included. A `fit` is one epoch of
`SoftmaxClassifier`, which reads the file three times, twice for its moments. Chunks take
{figures["ratio"]:.2f} times as long as the order of the file.

{out_of_core_table(figures)}

Accuracy on 10,000 photographs after training on 40,000, means over {figures["accuracy"]["seeds"]}
seeds, without a limit of memory, by the order of the images in the file:

{shuffle_table(figures["accuracy"])}"""


def cluster_section(figures):
    times, rate = figures["times"], figures["bytes a second"] / 1e9
    search, merging = (times[f"{what} of a query"] * 1e6 for what in ("search", "merging"))
    images, queries = figures["simulated images"], figures["simulated queries"]
    return f"""## More than one machine

`python benchmarks/cluster.py --cifar10 DIR`: workers of dask on this machine, one thread each, and
{figures["n"]:,} images in shards of {times["rows of a shard"]:,}. The search is for the
{figures["k"]} nearest of {figures["queries"]:,} queries.

{workers_table(figures)}

The search among {images:,} images for {queries:,} queries, **simulated** from times that were
measured with one worker: the `fit` of a shard {times["fit of a shard"]:.2f} s, its search
{search:.0f} microseconds a query, merging its answers {merging:.2f} a query, a message
{times["message"] * 1e3:.1f} ms. Assumed are workers like this one, which have their shares of the
shards at hand; {rate:.2f} GB/s to the client, which sends the queries to each worker and merges all
answers while the workers search; and no failures. The last column above is the same arithmetic for
what was measured; two workers on one machine also share its memory.

{simulation_table(figures)}"""


def graphs_table(onnx, which):
    rows = []
    for name, figures in onnx["models"].items():
        ours, defaults, one = figures[which].values()
        times = ours / min(defaults, one)
        rows.append(
            (f"`{name}`", *(f"{1e3 * s:.3g}" for s in (ours, defaults, one)), f"{times:.1f}")
        )
    header = ["model", "sk231n", "onnxruntime", "one thread", "times as fast"]
    return table(header, rows)


def graphs_section(onnx):
    sizes = ", ".join(f"{figures['megabytes']:.1f}" for figures in onnx["models"].values())
    return f"""## Models without Python

`python benchmarks/onnx_graphs.py --cifar10 DIR`: milliseconds of one prediction by a model and by
its ONNX graph, of {onnx["images"]}; onnxruntime {onnx["onnxruntime"]} with
its defaults and with one thread, of which the last column takes the faster. One image:

{graphs_table(onnx, "one")}

{onnx["n"]:,} images at a time:

{graphs_table(onnx, "many")}

The graphs have {sizes} MB."""


def limits_table(figures, header, names):
    """Rows of times beside those of their products."""

    def number(value):
        return f"{value:,.0f}" if value > 100 else f"{value:.3f}"

    rows = []
    for size, figure in figures.items():
        cells = [number(figure[name]) for name in names]
        share = f"{figure['products'] / figure[names[-2]]:.0%}"
        rows.append((f"{int(size):,}" if size.isdecimal() else size, *cells, share))
    return table(header, rows)


def steps_table(networks):
    parts = list(next(iter(networks.values())))
    return table(
        ["network", *parts],
        [(name, *(f"{times[part]:,.0f}" for part in parts)) for name, times in networks.items()],
    )


def threads_table(figures):
    rows = []
    for name, of_threads in figures["seconds"].items():
        one = next(iter(of_threads.values()))
        cells = []
        for row in of_threads.values():
            cell = f"{one['simulated'] / row['simulated']:.1f}"
            if "measured" in row:
                cell += f" ({one['measured'] / row['measured']:.1f})"
            cells.append(cell)
        rows.append((f"`{name.split(',')[0]}`{name[len(name.split(',')[0]) :]}", *cells))
    return table(["threads", *next(iter(figures["seconds"].values()))], rows)


def limits_section(figures):
    machine = figures["machine"]
    rates = ", ".join(f"{rate:.0f} ({name})" for name, rate in machine["GFLOP/s"].items())
    return f"""## What the machine allows

`python benchmarks/limits.py --cifar10 DIR`, which measures the machine in the same run. GFLOP a
second of large matrix products:
{rates}.
Memory is read at {
        machine["GB/s"]:.0f} GB a second. No program is faster than its matrix products at
these rates.

![Times against their limits](results/limits.png)

A step of a network in microseconds. The limit is that of its products at the rate above; the rest
of the row says where the time goes.

{steps_table(figures["networks"])}

Seconds of an epoch of `SoftmaxClassifier`, 20,000 samples with 512 features:

{
        limits_table(
            figures["classes"], ["classes", "epoch", "products", "share"], ["seconds", "products"]
        )
    }

Seconds of the search for the 10 nearest of {figures["queries"]:,} queries, by the number of
training images, of which four of five are mirrored or shifted:

{
        limits_table(
            figures["samples"],
            ["images", "fit", "search", "products", "share"],
            ["fit", "search", "products"],
        )
    }

Times as fast as one thread, simulated, and measured in brackets. The simulation deals out measured
pieces of work as the library does, and adds {figures["threads"]["hand-over"]:.0f} microseconds for
each time that work is handed over; caches and memory that threads share are left out.

{threads_table(figures["threads"])}"""


def main(folder):
    figures = SimpleNamespace(
        **{name: json.loads((Path(folder) / f"{name}.json").read_text()) for name in FIGURES}
    )
    (features, linear, neighbors, neural, growth, accuracy, convnet, photographs, play,
     out_of_core, cluster, onnx, limits) = vars(figures).values()  # fmt: skip
    every, memory, machine = neighbors["manhattan_all"], neighbors["memory"], limits["machine"]
    seeds = "; ".join(
        f"`{name}` {low:.4f} to {high:.4f}" for name, (low, high) in linear["seeds"].items()
    )
    page = f"""# Results

Made by `make bench CIFAR10=DIR` on {features["cores"]} cores of this processor:
{machine["processor"]}. OpenBLAS, which NumPy uses, chose its kernel {machine["kernel"]} there,
and no environment variable changed that. On another processor ratios may differ by half. Times vary
from hour to hour; only their ratios are meaningful. All competitors of a table run in one process,
in turn, and the medians are shown. The machine-readable figures are in `docs/results/`. The images:
{linear["images"]}.
{ORIGINS.get(accuracy["trained_on"], "")}

## Accuracy compared with the course

`python benchmarks/accuracy.py --cifar10 DIR`: accuracy on {accuracy["tested_on"]:,} images after
training on {accuracy["trained_on"]:,}, and the seconds of `fit` and `predict`. The last column has
figures from the [notes](https://cs231n.github.io), made with the official 50,000 and 10,000
images, and from the best of 26 published solutions of the assignments, which were trained on 49,000
images and scored on 1,000 of the official test images. The recipes are those of
`examples/mlp_recipes.py`; they train on the mirror images too, and their seconds are those of
`fit`.

{accuracy_table(accuracy)}

The pairs that `LinearSVM()` on the richer union confuses most often:
{confusions(accuracy, "`LinearSVM()` on the richer union")}.

## Nearest neighbours

`python benchmarks/neighbors.py --cifar10 DIR`: seconds of `fit` and `predict` with k = 10 on
{neighbors["images"]}; scikit-learn is `KNeighborsClassifier(algorithm="brute", n_jobs=-1)` on the
same bytes, faiss its flat index with the conversion to float32.

{duels_table(neighbors)}

For 2,000 queries the sets of distances were compared with scikit-learn's in float64: they are equal
for {neighbors["same"]:.1%}. L1 for {every["queries"]:,} queries takes {every["seconds"]:.1f} s;
scikit-learn would need {every["scikit-learn scaled"] / every["seconds"]:.0f} times as long, scaled
up from 500. A process that holds 50,000 images and {memory["queries"]:,} queries has
{memory["before"]:.2f} GiB before the L2 search and needs at most {memory["after"]:.2f} GiB in all.

Choosing among ten k in five folds of 5,000 images:

{folds_table(neighbors)}

![Time against the numbers of training images and of features](results/neighbors.png)

{neighbors["growth"]["queries"]:,} queries and k = 10, by the number of training images (of 3,072
features), then by the number of features (of 10,000 images):

{growth_table(neighbors["growth"], "samples")}

{growth_table(neighbors["growth"], "features")}

Normal noise, in which no bound prunes anything, {noise_queries(neighbors)} queries; times as fast
as the faster of scikit-learn's brute force and its automatic choice:

{noise_table(neighbors)}

## Linear classifiers on raw pixels

`python benchmarks/linear.py --cifar10 DIR`. Ours get the bytes as they are, with default arguments;
`LogisticRegression` gets float32 between 0 and 1.

{pixels_table(linear)}

Over {linear["n_seeds"]} seeds the test accuracies are:
{seeds}.

During `fit` of `SoftmaxClassifier()` the memory grows by {linear["peak_memory"]:.2f} of the size
of the training set in float32. `import sk231n` takes {linear["import_milliseconds"]:.0f} ms on top
of the scikit-learn modules it uses.

## Linear classifiers on features

The same command. The features are those of `examples/quickstart.py`, standardised: one HOG with
8x8 cells and one hue histogram; and a union of four HOGs (8x8 cells: unsigned, signed with 18
orientations, of square roots; 4x4 cells), moments of RGB and opponent colours, and two histograms.

{features_table(linear)}

## Networks

`python benchmarks/neural.py --cifar10 DIR`: samples a second of `fit`, five epochs of
{neural["images"]} in float32, Adam, without a penalty; PyTorch's plain
loop on the CPU, with its Adam as it is by default and fused.

{networks_table(neural)}

A `fit` allocates {neural["memory"]["copies"]:.1f} times the memory of the parameters at its peak,
where a batch is {neural["memory"]["batch"]:.2f} of it.

## Convolutional networks

`python benchmarks/convnet.py --cifar10 DIR --recipes`: images a second of one epoch of `fit` on
{convnet["images"]}, float32, batch normalization, Adam, batches of 128; PyTorch's eager
loop with its fused Adam, in its usual order in memory and with channels last.

{convnets_table(convnet)}

{one_phrase(convnet)}

Accuracy on {convnet["tested_on"]:,} photographs after training on {convnet["trained_on"]:,}, and
that of the votes of each photograph and its mirror image. The recipes are named after the time that
they take when both cores have nothing else to do:

{recipes_table(convnet)}

## HOG

`python benchmarks/features.py --cifar10 DIR`, default arguments, on
{features["images"]}.
scikit-image and OpenCV run in a loop over the images, OpenCV with its own threads.

{speed_table(features["HOG"])}

## Hue histogram

The same command: ten bins. Matplotlib's `rgb_to_hsv` with `np.histogram`, and OpenCV's `cvtColor`
with `calcHist`, run in a loop over the images.

{speed_table(features["HSVHistogram"])}

## Reading photographs

`python benchmarks/photographs.py`: {photographs["pictures"]:,} JPEGs of 640 x 480 pixels, read as
images of 64 x 64. `ImageReader` takes {photographs["seconds"]["sk231n"]:.2f} s, a plain loop over
Pillow, which cuts the middle out of each and resamples it with the Lanczos filter,
{photographs["seconds"]["Pillow"]:.2f} s: {photographs["times as fast"]:.1f} times as long. The
largest difference of two values is {photographs["largest difference"]}.

`OcclusionDisplay` of an image of 64 x 64 pixels takes
{photographs["seconds of occlusion"]:.2f} s for {photographs["windows"]} windows, with HOG and a
softmax classifier.

## The pages that play

`python benchmarks/play.py`, in headless Chromium, which draws without a graphics card on the same
cores: the seconds from the command to a page that can be used, and the pictures of regions of 160 x
160 pixels a second while a point is dragged. While it runs, the linear page takes
{play["updates a second"]:.0f} updates a second.

{play_table(play)}

{memory_section(out_of_core)}

{cluster_section(cluster)}

{graphs_section(onnx)}

{limits_section(limits)}

## How the cost grows

`python benchmarks/growth.py`, on noise. Seconds an epoch of 10,000 samples with 512 features, by
the number of classes (scikit-learn's `SGDClassifier` trains one machine per class):

{costs_table(growth["classes"], "classes", 3)}

Seconds an epoch of 10,000 samples, by the number of hidden layers of 256 units:

{costs_table(growth["layers"], "hidden layers", 2)}

Megapixels a second of colour images, by their width:

{costs_table(growth["pixels"], "pixels", 0)}

What a call allocates at its peak, for 10,000 images of 32x32x3 bytes:

{memory_table(growth)}

`import sk231n` takes {growth["import"]["sk231n"]:.0f} ms on top of the modules of scikit-learn that
it uses, which take {growth["import"]["scikit-learn"]:.0f} ms.
"""
    (ROOT / "docs" / "results.md").write_text(page)
    (ROOT / "docs" / "results" / "numbers.md").write_text(numbers(figures))
    (ROOT / "docs" / "results" / "reasons.md").write_text(reasons(figures))
    readme = ROOT / "README.md"
    begin, end = "<!-- results: begin -->\n", "<!-- results: end -->"
    rows = capabilities(figures)
    text = re.sub(
        f"{begin}.*{end}", lambda _: f"{begin}{rows}\n{end}", readme.read_text(), flags=re.DOTALL
    )
    readme.write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
