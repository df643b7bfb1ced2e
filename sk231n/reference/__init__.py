"""Neighbours, losses, layers, optimizers and features a second time, in plain loops.

The code is written to be read: each function follows its formula step by step, in float64, one
image or one sample at a time. The tests compare the fast code with it. Nothing else imports it, and
it imports nothing but NumPy.
"""

# ruff: noqa: F401  (these names are the package)

from sk231n.reference._activations import (
    leaky_relu,
    leaky_relu_backward,
    logistic,
    logistic_backward,
    maxout,
    maxout_backward,
    relu,
    relu_backward,
    tanh,
    tanh_backward,
)
from sk231n.reference._color import (
    color_moments,
    grid_cells,
    hsv_histogram,
    hue_histogram,
    rgb_to_hsv,
)
from sk231n.reference._convolution import (
    conv_as_matrix_product,
    conv_backward,
    conv_forward,
    conv_output_side,
    im2col,
)
from sk231n.reference._gradient_check import numerical_gradient
from sk231n.reference._hog import hog, normalize_block
from sk231n.reference._layers import affine, affine_backward, dropout, dropout_backward
from sk231n.reference._losses import (
    crammer_singer,
    cross_entropy,
    log_softmax,
    one_vs_rest,
    softmax,
    weston_watkins,
)
from sk231n.reference._neighbors import (
    cosine_distances,
    distances_no_loop,
    distances_one_loop,
    distances_two_loops,
    knn_cross_validation,
    knn_predict,
    knn_predict_proba,
    manhattan_distances,
    nearest_neighbors,
)
from sk231n.reference._normalizations import (
    batch_norm,
    batch_norm_backward,
    layer_norm,
    layer_norm_backward,
)
from sk231n.reference._optimizers import adagrad, adam, momentum, nesterov, rmsprop, sgd
from sk231n.reference._penalties import elastic_net, l1, l2
from sk231n.reference._pooling import (
    average_pool_backward,
    average_pool_forward,
    global_average_pool_backward,
    global_average_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from sk231n.reference._target_losses import (
    absolute_error,
    sigmoid_cross_entropy,
    squared_error,
)
