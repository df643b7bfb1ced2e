"""What the front pages show of the benchmarks: one row for each capability, and why to choose it.

``report.py`` writes them into README.md, docs/results/numbers.md and docs/results/reasons.md.
"""


def times(factor):
    """How many times as fast: one digit after the point where it says something."""
    return f"{factor:.1f}" if factor < 20 else f"{factor:.0f}"


def faster(ours, theirs, *names):
    """``10.7 times scikit-learn, 4.4 times faiss``, from seconds."""
    return ", ".join(f"{times(theirs[name] / ours)} times {name}" for name in names)


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def capabilities(f):
    """The README's table: what it does, how long that takes, and what others take."""
    near, folds = f.neighbors["duels"][0], f.neighbors["cross_validation"]
    pixels, hog, hue = f.linear["pixels"], f.features["HOG"], f.features["HSVHistogram"]
    softmax, logistic = pixels["SoftmaxClassifier(max_iter=3)"], slowest(f)
    dense, convolutional = last(f.neural["duels"], skip=1), last(f.convnet["duels"])
    deep = f.accuracy["rows"]["deep on features, a recipe"]
    best, pictures = last(f.convnet["recipes"]), f.photographs["seconds"]
    graph = f.onnx["models"]["HOG, hue histogram, StandardScaler, SoftmaxClassifier"]["one"]
    rows = [
        (
            f"10 nearest of {near['queries']:,} photographs among {near['samples']:,}",
            f"{near['seconds']['sk231n']:.1f} s",
            faster(near["seconds"]["sk231n"], near["seconds"], "scikit-learn", "faiss"),
        ),
        (
            "the best of ten k in five folds of 5,000 photographs",
            f"{folds['KNNClassifierCV()']:.1f} s",
            times(scikit_folds(folds) / folds["KNNClassifierCV()"]) + " times `GridSearchCV`",
        ),
        (
            "`SoftmaxClassifier(max_iter=3)` on raw bytes",
            f"{softmax['accuracy']:.3f} in {softmax['seconds']:.1f} s",
            f"`LogisticRegression(max_iter=50)`: {logistic['accuracy']:.3f} in "
            f"{logistic['seconds']:.1f} s",
        ),
        (
            "training `MLPClassifier((512, 256))`",
            f"{dense['speed']['sk231n']:,.0f} photographs/s",
            f"{dense['ratio']['scikit-learn']:.1f} times scikit-learn, "
            f"{dense['ratio']['PyTorch, fused Adam']:.1f} times PyTorch",
        ),
        (
            "training a `ConvNetClassifier` with six convolutions",
            f"{convolutional['speed']['sk231n']:,.0f} photographs/s",
            f"{convolutional['ratio']['PyTorch, channels_last']:.1f} times PyTorch",
        ),
        (
            "`HOG()`", f"{hog['sk231n']:,.0f} photographs/s",
            f"{times(hog['sk231n'] / hog['skimage'])} times scikit-image, "
            f"{times(hog['sk231n'] / hog['OpenCV'])} times OpenCV",
        ),
        (
            "`HSVHistogram()`", f"{hue['sk231n']:,.0f} photographs/s",
            f"{times(hue['sk231n'] / hue['matplotlib + numpy'])} times matplotlib and NumPy",
        ),
        (
            f"reading {f.photographs['pictures']:,} JPEGs of 640 x 480 as 64 x 64",
            f"{pictures['sk231n']:.1f} s", f"{times(f.photographs['times as fast'])} times Pillow",
        ),
        (
            "one photograph: HOG, hue, scaling and softmax as an ONNX graph",
            f"{1e6 * graph['onnxruntime']:.0f} microseconds",
            f"{times(graph['sk231n'] / graph['onnxruntime'])} times the pipeline itself",
        ),
        (
            "[recipe][mlp_recipes]: a deep network on features",
            f"{deep['accuracy']:.3f} in {deep['seconds']:.0f} s",
            f"best of 26 published solutions of the assignment: {deep['beside']:.3f}",
        ),
        (
            "[recipe][convnet_recipes]: a convolutional network",
            f"{best['accuracy']:.3f} in {best['seconds'] / 60:.0f} minutes", "",
        ),
    ]  # fmt: skip
    preface = (
        f"On {f.features['cores']} cores, with {f.linear['images']};\n"
        "times of neighbours and classifiers include `fit`. The commands and more are in\n"
        "[docs/results.md][results].\n\n"
    )
    return preface + markdown(["", "sk231n", "for comparison"], rows)


def numbers(f):
    """The front page's three numbers, as cards, with the commands that measure them."""
    near, hog = f.neighbors["duels"][0], f.features["HOG"]
    best = last(f.convnet["recipes"])
    search = near["seconds"]["scikit-learn"] / near["seconds"]["sk231n"]
    cards = [
        (
            f"{times(search)} times as fast",
            f"as scikit-learn's brute force: the ten nearest of {near['queries']:,} photographs "
            f"among {near['samples']:,}, exactly the same ones.",
            "python benchmarks/neighbors.py --cifar10 DIR",
        ),
        (
            f"{times(hog['sk231n'] / hog['skimage'])} times as fast",
            "as scikit-image: histograms of oriented gradients, equal to its own.",
            "python benchmarks/features.py --cifar10 DIR",
        ),
        (
            f"{best['accuracy']:.1%} right",
            f"of {f.convnet['tested_on']:,} photographs of CIFAR-10 held out for testing, by a "
            f"network trained for {best['seconds'] / 60:.0f} minutes on two cores.",
            "python benchmarks/convnet.py --recipes --cifar10 DIR",
        ),
    ]
    grid = "\n".join(
        f":::{{grid-item-card}} {title}\n:class-title: sd-fs-4\n\n{text}\n\n`{command}`\n:::"
        for title, text, command in cards
    )
    return f"::::{{grid}} 1 1 3 3\n:gutter: 3\n\n{grid}\n::::\n"


def reasons(f):
    """The front page's table: what is here, and when something else is the better choice."""
    near, hog = f.neighbors["duels"][0], f.features["HOG"]
    softmax, logistic = f.linear["pixels"]["SoftmaxClassifier(max_iter=3)"], slowest(f)
    best, seconds = last(f.convnet["recipes"]), near["seconds"]
    rows = [
        (
            "scikit-learn's `KNeighborsClassifier`", "the same neighbours of images, up to "
            f"{times(seconds['scikit-learn'] / seconds['sk231n'])} times as fast",
            "there are few features or rows",
        ),
        (
            "scikit-learn's `LogisticRegression`",
            f"`SoftmaxClassifier(max_iter=3)`: {softmax['accuracy']:.1%} right after "
            f"{softmax['seconds']:.1f} s on raw bytes, against {logistic['accuracy']:.1%} after "
            f"{logistic['seconds']:.0f} s",
            "the data are sparse, or the exact minimum matters",
        ),
        (
            "scikit-learn's `MLPClassifier`",
            "dropout, normalization, any optimizer and loss, "
            f"{span(f.neural, 'scikit-learn')} times as fast",
            "a plain network is enough",
        ),
        (
            "skorch, Keras, PyTorch",
            "no framework to install; on the same processor "
            f"{span(f.convnet, 'PyTorch, channels_last')} times as fast as PyTorch for "
            f"convolutional networks, {span(f.neural, 'PyTorch, fused Adam')} times for dense ones "
            "(with its fused Adam)",
            "you have a GPU, large networks, or layers that are not here",
        ),
        (
            "scikit-image's `hog`", "equal features, a batch at a time, "
            f"{times(hog['sk231n'] / hog['skimage'])} times as fast",
            "you need its other features",
        ),
        (
            "OpenCV's `HOGDescriptor`",
            f"an estimator, {times(hog['sk231n'] / hog['OpenCV'])} times as fast",
            "you detect objects, or read video",
        ),
        (
            "faiss", "exact distances, bytes as they are, "
            f"{times(seconds['faiss'] / seconds['sk231n'])} times as fast as its flat index",
            "millions of rows, approximate search, or a GPU",
        ),
        (
            "pretrained embeddings with `LogisticRegression`",
            f"nothing to download, every formula to read; {best['accuracy']:.1%} on CIFAR-10",
            "accuracy is all that matters: a linear classifier on the features of a pretrained "
            "ResNet-50 gets [more than 90%](https://arxiv.org/abs/2002.05709)",
        ),
    ]  # fmt: skip
    return markdown(["instead of", "sk231n has", "take the other one when"], rows) + "\n"


def span(benchmark, peer):
    """``1.2 to 1.6``: the least and the largest ratio to a peer, once if they are the same."""
    ratios = [duel["ratio"][peer] for duel in benchmark["duels"].values() if peer in duel["ratio"]]
    return " to ".join(dict.fromkeys(f"{ratio:.1f}" for ratio in (min(ratios), max(ratios))))


def last(figures, skip=0):
    """The last of some figures, or one before it."""
    return list(figures.values())[-1 - skip]


def slowest(f):
    return f.linear["pixels"]["LogisticRegression(max_iter=50)"]


def scikit_folds(folds):
    return folds['GridSearchCV(KNeighborsClassifier(algorithm="brute"))']
