"""Networks that made history, layer by layer: shapes, arithmetic and memory.

    python examples/architectures.py                 # all tables, in seconds
    python examples/architectures.py vgg16 resnet50  # some of them

Each function returns the layers of a network without that of the scores, which
is an affine layer and comes with the number of classes. A table follows from
shapes alone, and nothing is trained. Below it stands where the figures of the
papers, or of the course notes, differ and why. The layers are an
``architecture`` for ConvNetClassifier, too; LeNet-5 and the ResNet for small
images are within the reach of a processor.

Three things are as in this library. Convolutions always have intercepts.
Padding is "valid" or "same", which gives one output per stride; an odd zero
comes after the image. Pooling has no padding and leaves out pixels that fill
no further window. The response normalization of AlexNet and ZFNet, which has
no parameters, is left out.
"""

import argparse
import math
import textwrap

import numpy as np

from sk231n.diagnostics import network_summary
from sk231n.initializers import Glorot, He
from sk231n.layers import (
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    Residual,
    Tanh,
)

# The networks
# -----------------------------------------------------------------------------


def lenet5():
    """LeCun, Bottou, Bengio and Haffner 1998, for digits of 32 x 32 x 1."""
    return [
        Conv2D(6, 5, padding="valid", initializer=Glorot()),
        Tanh(),
        AveragePool2D(),
        Conv2D(16, 5, padding="valid", initializer=Glorot()),
        Tanh(),
        AveragePool2D(),
        Conv2D(120, 5, padding="valid", initializer=Glorot()),
        Tanh(),
        Affine(84, Glorot()),
        Tanh(),
    ]


def fully_connected(*widths):
    """Wide affine layers, half of whose units are dropped while training."""
    return [
        layer
        for width in widths
        for layer in (Affine(width, He()), ReLU(), Dropout(0.5))
    ]


def alexnet():
    """Krizhevsky, Sutskever, Hinton 2012, for photographs of 227 x 227 x 3."""
    return [
        Conv2D(96, 11, stride=4, padding="valid"),
        ReLU(),
        MaxPool2D(3, stride=2),
        Conv2D(256, 5),
        ReLU(),
        MaxPool2D(3, stride=2),
        *(
            layer
            for n_filters in (384, 384, 256)
            for layer in (Conv2D(n_filters), ReLU())
        ),
        MaxPool2D(3, stride=2),
        *fully_connected(4096, 4096),
    ]


def zfnet(middle=(384, 384, 256)):
    """Zeiler and Fergus 2013, for photographs of 224 x 224 x 3.

    Its wide variant, which the course shows, has (512, 1024, 512) in the
    middle.
    """
    return [
        Conv2D(96, 7, stride=2),
        ReLU(),
        MaxPool2D(3, stride=2),
        Conv2D(256, 5, stride=2),
        ReLU(),
        MaxPool2D(3, stride=2),
        *(
            layer
            for n_filters in middle
            for layer in (Conv2D(n_filters), ReLU())
        ),
        MaxPool2D(3, stride=2),
        *fully_connected(4096, 4096),
    ]


def vgg16():
    """Simonyan, Zisserman 2014, table D, for photographs of 224 x 224 x 3."""
    layers = []
    for n_filters, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [
            layer
            for _ in range(depth)
            for layer in (Conv2D(n_filters), ReLU())
        ]
        layers.append(MaxPool2D())
    return layers + fully_connected(4096, 4096)


def normalized(n_filters, size=3, stride=1):
    """A convolution with batch normalization."""
    return [Conv2D(n_filters, size, stride=stride), BatchNorm()]


def resnet(blocks=(3, 4, 6, 3)):
    """He, Zhang, Ren and Sun 2015, for photographs of 224 x 224 x 3.

    A block gives an image few channels, convolves it, and gives it many again.
    The default is ResNet-50; (3, 4, 23, 3) blocks are ResNet-101, and
    (3, 8, 36, 3) are ResNet-152.
    """
    layers = [*normalized(64, 7, stride=2), ReLU(), MaxPool2D()]
    for stage, n_blocks in enumerate(blocks):
        width = 64 * 2**stage
        for block in range(n_blocks):
            stride = 2 if stage and block == 0 else 1
            bottleneck = [
                *normalized(width, 1, stride=stride),
                ReLU(),
                *normalized(width),
                ReLU(),
                *normalized(4 * width, 1),
            ]
            shortcut = (
                normalized(4 * width, 1, stride=stride) if block == 0 else None
            )
            layers += [Residual(bottleneck, shortcut), ReLU()]
    return [*layers, GlobalAveragePool2D()]


class Subsample(Layer):
    """Every second pixel, with channels of zeros: a shortcut without weights.

    Parameters
    ----------
    n_channels : int
        Number of channels of the output.
    """

    def __init__(self, n_channels):
        self.n_channels = n_channels

    def output_shape(self, input_shape):
        """Return half the sides, rounded up, and the channels."""
        height, width, _ = input_shape
        return math.ceil(height / 2), math.ceil(width / 2), self.n_channels

    def forward(self, p, x, phase=None):
        """Compute the output and its pull-back."""
        n_inputs = x.shape[3]
        y = np.zeros((len(x), *self.output_shape(x.shape[1:])), x.dtype)
        y[..., :n_inputs] = x[:, ::2, ::2]

        def backward(dy, g, need_dx=True):
            dx = np.zeros_like(x)
            dx[:, ::2, ::2] = dy[..., :n_inputs]
            return dx

        return y, backward


def resnet_cifar(n=3):
    """He et al. 2015, section 4.2: 6 n + 2 layers, images of 32 x 32 x 3."""
    layers = [*normalized(16), ReLU()]
    for n_filters in (16, 32, 64):
        for block in range(n):
            halve = n_filters > 16 and block == 0
            pair = [
                *normalized(n_filters, stride=1 + halve),
                ReLU(),
                *normalized(n_filters),
            ]
            layers += [
                Residual(pair, Subsample(n_filters) if halve else None),
                ReLU(),
            ]
    return [*layers, GlobalAveragePool2D()]


# What the papers and the notes say
# -----------------------------------------------------------


def say(text):
    """Print a paragraph."""
    print(textwrap.fill(text, 100))


def n_intercepts(layers, shape):
    """Number of intercepts that a normalization makes superfluous."""
    network = Network(layers, shape)
    return sum(
        math.prod(shapes[name])
        for layer, shapes in zip(
            network.layers, network.layout.shapes, strict=True
        )
        for name in layer.intercepts
    )


def about_lenet5(summary):
    """Compare with section II.B of the paper."""
    sparse, full = 10 * 6 * 25 + 16, 16 * (6 * 25 + 1)
    of_pooling, of_scores = 2 * 6 + 2 * 16, 84 * 10 + 10
    papers = summary.n_parameters - full + sparse + of_pooling - of_scores
    say(
        f"The paper has {papers:,} parameters. There the maps of the second "
        "convolution see only "
        f"some of the maps before them, which takes {sparse:,} instead of "
        f"{full:,}; each map that "
        f"is pooled has a factor and an intercept, {of_pooling} together; and "
        "scores are distances "
        f"to fixed patterns, where here an affine layer has {of_scores}."
    )


def about_alexnet(summary):
    """Compare with section 3 of the paper."""
    half = (5 * 5 * 96 * 256 + 3 * 3 * 384 * 384 + 3 * 3 * 384 * 256) // 2
    say(
        "The paper has images of 224, but (224 - 11) / 4 + 1 is no whole "
        "number; for 227 it is 55. "
        "Its second, fourth and fifth convolution are in two groups, each of "
        "which sees half the "
        f"channels: {half:,} weights fewer, {summary.n_parameters - half:,} "
        "parameters. It counts "
        "253,440 neurons in the first layer, which would be 55 x 48 x 96; 55 "
        "x 55 x 96 are "
        f"{summary.layers[1].n_values:,}."
    )


def about_zfnet(summary):
    """Compare with figure 3 of the paper."""
    wide = network_summary(zfnet((512, 1024, 512)), (224, 224, 3), 1000)
    say(
        "In the paper the first two convolutions return sides of 110 and 26 "
        "instead of 112 and 28: "
        "it pads less, and its pooling rounds up. Once pooled, the sides are "
        "those of the paper, "
        "55, 13 and 6, and so no parameter depends on it. The wide variant "
        "has "
        f"{wide.n_parameters:,} parameters, "
        f"{wide.n_parameters - summary.n_parameters:,} more."
    )


def about_vgg16(summary):
    """Compare with the notes' table, without rows for ReLU and dropout."""
    rows = [
        row
        for row in summary.layers
        if not row.name.startswith(("ReLU", "Dropout"))
    ]
    n_values = sum(row.n_values for row in rows)
    first = next(row for row in rows if row.name.startswith("Affine"))
    say(
        'The notes add up "24M * 4 bytes ~= 93MB / image", but their rows, '
        "those above without "
        f"ReLU and dropout, add up to {n_values:,} values, "
        f"{4 * n_values / 1e6:.1f} MB; with a "
        f"copy for each ReLU and dropout it is {summary.n_bytes / 1e6:.1f} "
        "MB. Their 138 million "
        f"parameters are {summary.n_parameters:,}; {first.multiply_adds:,} of "
        "them are weights of "
        "the first affine layer."
    )


def about_resnet50(summary):
    """Compare with table 1 of the paper, and numbers that are often cited."""
    say(
        "The first pooling has windows of 2 x 2. In the paper they are 3 x 3, "
        "a stride of 2 apart, "
        "and padded; without padding they would make 55 of 112 pixels, "
        "instead of 56. No parameter "
        "depends on it. The numbers that are often cited leave out the "
        "intercepts of convolutions:"
    )
    for name, blocks, billions in (
        ("ResNet-50", (3, 4, 6, 3), 3.8),
        ("ResNet-101", (3, 4, 23, 3), 7.6),
        ("ResNet-152", (3, 8, 36, 3), 11.3),
    ):
        layers, shape = resnet(blocks), (224, 224, 3)
        summary = network_summary(layers, shape, 1000)
        n_parameters, left_out = (
            summary.n_parameters,
            n_intercepts(layers, shape),
        )
        print(
            f"    {name:10}  {n_parameters:,} - {left_out:,} = "
            f"{n_parameters - left_out:,}; "
            f"{summary.multiply_adds / 1e9:.2f} billion multiply-adds (paper: "
            f"{billions})"
        )


def about_resnet20(summary):
    """Compare with table 6 of the paper."""
    say(
        "Parameters without the intercepts of convolutions, and those of the "
        "paper in millions:"
    )
    for n, millions in ((3, 0.27), (5, 0.46), (7, 0.66), (9, 0.85), (18, 1.7)):
        layers, shape = resnet_cifar(n), (32, 32, 3)
        n_parameters = network_summary(layers, shape, 10).n_parameters
        n_parameters -= n_intercepts(layers, shape)
        print(
            f"    {f'ResNet-{6 * n + 2}':10}  {n_parameters:9,}  {millions:4}"
        )


NETWORKS = {  # layers, shape of an image, number of classes, what to say
    "lenet5": (lenet5, (32, 32, 1), 10, about_lenet5),
    "alexnet": (alexnet, (227, 227, 3), 1000, about_alexnet),
    "zfnet": (zfnet, (224, 224, 3), 1000, about_zfnet),
    "vgg16": (vgg16, (224, 224, 3), 1000, about_vgg16),
    "resnet50": (resnet, (224, 224, 3), 1000, about_resnet50),
    "resnet20": (resnet_cifar, (32, 32, 3), 10, about_resnet20),
}


def main():
    """Print the tables, and what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}"
    )
    arguments = parser.parse_args()
    for name in arguments.names or NETWORKS:
        if name not in NETWORKS:
            parser.error(f"{name!r} is none of {', '.join(NETWORKS)}")
        make_layers, shape, n_classes, compare = NETWORKS[name]
        summary = network_summary(make_layers(), shape, n_classes)
        print(f"{name}: {make_layers.__doc__.splitlines()[0]}\n{summary}")
        compare(summary)
        print()


if __name__ == "__main__":
    main()
