"""The tables of docs/results.md, each from the figures of one benchmark."""

RECIPE_NAMES = {"default": "`ConvNetClassifier()` on bytes"}


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
