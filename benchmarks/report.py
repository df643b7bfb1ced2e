"""Turn the figures of the benchmarks into docs/results.md, and what the front pages show of them.

python benchmarks/report.py docs/results
"""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from summary import capabilities, numbers, reasons
from tables import (
    accuracy_table,
    confusions,
    convnets_table,
    costs_table,
    duels_table,
    features_table,
    folds_table,
    graphs_table,
    growth_table,
    limits_table,
    memory_table,
    networks_table,
    noise_queries,
    noise_table,
    one_phrase,
    out_of_core_table,
    pixels_table,
    play_table,
    recipes_table,
    shuffle_table,
    simulation_table,
    speed_table,
    steps_table,
    threads_table,
    workers_table,
)

ROOT = Path(__file__).parents[1]

FIGURES = (
    "features", "linear", "neighbors", "neural", "growth", "accuracy", "convnet", "photographs",
    "play", "out_of_core", "cluster", "onnx", "limits",
)  # fmt: skip

# Which photographs these are, by the number of those to train on.
ORIGINS = {
    40_000: (
        "All of them are training images of CIFAR-10, after one JPEG round trip; the 10,000 test\n"
        "images are those that no model was trained on. The official test images are others, on\n"
        "which accuracies may differ by about a point."
    ),
    50_000: "They are the official ones.",
}


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
