"""Every algorithm of the package once more, in plain loops.

Made to be read: each function follows its formula step by step, in float64, for one image or one
sample after the other. The tests hold the fast code against it. Nothing else imports it, and it
imports nothing but NumPy.
"""

import numpy as np

# ------------------------------------------------------------------------------------- gradients


def hog(
    image,
    orientations=9,
    pixels_per_cell=(8, 8),
    cells_per_block=(2, 2),
    block_norm="L2-Hys",
    signed=False,
):
    """Histogram of oriented gradients of one image (h, w) or (h, w, c), as a vector.

    At each pixel, in the channel where the gradient is longest,

        g_row = I[i + 1, j] - I[i - 1, j]        g_col = I[i, j + 1] - I[i, j - 1]

    (zero where a neighbour is missing) votes with its length for the bin of its direction,

        floor(orientations * angle / 180),       angle = atan2(g_row, g_col) in degrees, mod 180

    (mod 360 if `signed`). A cell's histogram is the mean over its pixels. A block of cells is one
    vector v; "L2" makes it v / sqrt(sum(v**2) + eps**2), "L2-Hys" clips that at 0.2 and does it
    again, "L1" makes it v / (sum(v) + eps), "L1-sqrt" takes the square root of that.
    """
    image = np.asarray(image, dtype=np.float64)
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    height, width, n_channels = image.shape
    cell_h, cell_w = min(pixels_per_cell[0], height), min(pixels_per_cell[1], width)
    rows, columns = height // cell_h, width // cell_w
    period = 360 if signed else 180

    histograms = np.zeros((rows, columns, orientations))
    for i in range(rows * cell_h):
        for j in range(columns * cell_w):
            longest, angle = 0.0, 0.0
            for c in range(n_channels):
                g_row = image[i + 1, j, c] - image[i - 1, j, c] if 0 < i < height - 1 else 0.0
                g_col = image[i, j + 1, c] - image[i, j - 1, c] if 0 < j < width - 1 else 0.0
                length = np.sqrt(g_row**2 + g_col**2)
                if length > longest:
                    longest, angle = length, np.degrees(np.arctan2(g_row, g_col)) % period
            k = int(orientations * angle / period) % orientations
            histograms[i // cell_h, j // cell_w, k] += longest / (cell_h * cell_w)
    if block_norm is None:
        return histograms.ravel()

    block_h, block_w = min(cells_per_block[0], rows), min(cells_per_block[1], columns)
    features = []
    for r in range(rows - block_h + 1):
        for c in range(columns - block_w + 1):
            block = histograms[r : r + block_h, c : c + block_w].ravel()
            features.append(normalize_block(block, block_norm))
    return np.concatenate(features)


def normalize_block(block, block_norm, eps=1e-5):
    """Bring one block of histograms to unit length, see :func:`hog`."""
    if block_norm == "L1":
        return block / (np.sum(block) + eps)
    if block_norm == "L1-sqrt":
        return np.sqrt(block / (np.sum(block) + eps))
    block = block / np.sqrt(np.sum(block**2) + eps**2)
    if block_norm == "L2-Hys":
        block = np.minimum(block, 0.2)
        block = block / np.sqrt(np.sum(block**2) + eps**2)
    return block


# --------------------------------------------------------------------------------------- colours


def rgb_to_hsv(r, g, b):
    """Hue, saturation and value of one colour; all six numbers lie between 0 and 1.

    With V = max(r, g, b) and d = V - min(r, g, b), the saturation is d / V, and the hue goes
    around the circle from red (0) to green (1/3), blue (2/3) and back:

        6 H = 4 + (r - g) / d   if blue is the largest,
              2 + (b - r) / d   else if green is,
                  (g - b) / d   else                     (mod 6)
    """
    value = max(r, g, b)
    d = value - min(r, g, b)
    saturation = d / value if value > 0 else 0.0
    if d == 0:
        hue = 0.0
    elif b == value:
        hue = 4 + (r - g) / d
    elif g == value:
        hue = 2 + (b - r) / d
    else:
        hue = (g - b) / d
    return hue / 6 % 1, saturation, value


def hue_histogram(image, bins=10):
    """Fraction of the pixels of one image (h, w, 3), values from 0 to 1, in each bin of hue."""
    return hsv_histogram(image, bins=(bins,), channels="h")


def hsv_histogram(image, bins=(10,), channels="h", grid=(1, 1)):
    """Joint histogram of some of hue, saturation and value, for each cell of a grid.

    `image` is (h, w, 3) with values from 0 to 1. Bin k of n holds k/n <= x < (k + 1)/n, the last
    one 1 too. A cell's histogram sums to 1.
    """
    image = np.asarray(image, dtype=np.float64)
    histograms = []
    for cell in grid_cells(image, grid):
        histogram = np.zeros(bins)
        for r, g, b in cell:
            h, s, v = rgb_to_hsv(r, g, b)
            index = []
            for channel, n in zip(channels, bins, strict=True):
                edges = np.linspace(0, 1, n + 1)
                x = {"h": h, "s": s, "v": v}[channel]
                k = 0
                while k < n - 1 and x >= edges[k + 1]:
                    k += 1
                index.append(k)
            histogram[tuple(index)] += 1 / len(cell)
        histograms.append(histogram.ravel())
    return np.concatenate(histograms)


def color_moments(image, grid=(4, 4), color_space="rgb", moments=("mean", "std")):
    """Moments of each channel of one image (h, w, 3), for each cell of a grid.

    mean(x), std = sqrt(mean((x - mean)**2)), skew = cbrt(mean((x - mean)**3)). The "opponent"
    channels are (r - g) / sqrt(2), (r + g - 2 b) / sqrt(6) and (r + g + b) / sqrt(3).
    """
    image = np.asarray(image, dtype=np.float64)
    features = []
    for cell in grid_cells(image, grid):
        colors = []
        for r, g, b in cell:
            if color_space == "hsv":
                colors.append(rgb_to_hsv(r, g, b))
            elif color_space == "opponent":
                colors.append(((r - g) / 2**0.5, (r + g - 2 * b) / 6**0.5, (r + g + b) / 3**0.5))
            else:
                colors.append((r, g, b))
        for x in np.transpose(colors):
            mean = np.sum(x) / len(x)
            for moment in moments:
                if moment == "mean":
                    features.append(mean)
                elif moment == "std":
                    features.append(np.sqrt(np.sum((x - mean) ** 2) / len(x)))
                elif moment == "skew":
                    features.append(np.cbrt(np.sum((x - mean) ** 3) / len(x)))
    return np.array(features)


def grid_cells(image, grid):
    """Cut an image (h, w, c) into a grid; the pixels (n, c) of each cell, row by row."""
    height, width, n_channels = image.shape
    rows, columns = grid
    for r in range(rows):
        for c in range(columns):
            top, bottom = r * height // rows, (r + 1) * height // rows
            left, right = c * width // columns, (c + 1) * width // columns
            yield image[top:bottom, left:right].reshape(-1, n_channels)


# ------------------------------------------------------------------------------------------- losses
#
# Each takes scores of shape (n_samples, n_classes), class indices and sample weights, and returns
# the weighted sum of the losses and its gradient with respect to the scores.


def log_softmax(scores):
    """Logarithm of the softmax of each row.

        log p_j = s_j - log(sum_k exp(s_k))

    The row's largest score is subtracted first: that changes nothing, and no exponential overflows.
    """
    scores = np.asarray(scores, dtype=np.float64)
    n_samples, n_classes = scores.shape
    log_p = np.zeros((n_samples, n_classes))
    for i in range(n_samples):
        largest = max(scores[i])
        total = 0.0
        for j in range(n_classes):
            total += np.exp(scores[i, j] - largest)
        for j in range(n_classes):
            log_p[i, j] = scores[i, j] - largest - np.log(total)
    return log_p


def softmax(scores):
    """Softmax of each row, p_j = exp(s_j) / sum_k exp(s_k)."""
    return np.exp(log_softmax(scores))


def cross_entropy(scores, y, w, label_smoothing=0.0):
    """Softmax cross-entropy.

        loss = -sum_j q_j * log p_j,       d loss / d s_j = p_j - q_j

    The target q is 1 for the true class and 0 for the others; smoothing takes a share of it
    and spreads that evenly over all classes.
    """
    log_p = log_softmax(scores)
    n_samples, n_classes = log_p.shape
    value, gradient = 0.0, np.zeros((n_samples, n_classes))
    for i in range(n_samples):
        for j in range(n_classes):
            target = label_smoothing / n_classes
            if j == y[i]:
                target += 1 - label_smoothing
            value += w[i] * target * -log_p[i, j]
            gradient[i, j] = w[i] * (np.exp(log_p[i, j]) - target)
    return value, gradient


def weston_watkins(scores, y, w, margin=1.0, power=1):
    """Multi-class hinge: every wrong class pays for its own violation of the margin.

    loss = sum over j != y of max(0, s_j - s_y + margin)**power
    """
    scores = np.asarray(scores, dtype=np.float64)
    n_samples, n_classes = scores.shape
    value, gradient = 0.0, np.zeros((n_samples, n_classes))
    for i in range(n_samples):
        for j in range(n_classes):
            violation = scores[i, j] - scores[i, y[i]] + margin
            if j != y[i] and violation > 0:
                value += w[i] * violation**power
                slope = w[i] * power * violation ** (power - 1)
                gradient[i, j] += slope
                gradient[i, y[i]] -= slope
    return value, gradient


def crammer_singer(scores, y, w, margin=1.0, power=1):
    """Multi-class hinge in which only the worst violation pays; of equal ones, the first.

    loss = max(0, max over j != y of s_j - s_y + margin)**power
    """
    scores = np.asarray(scores, dtype=np.float64)
    n_samples, n_classes = scores.shape
    value, gradient = 0.0, np.zeros((n_samples, n_classes))
    for i in range(n_samples):
        worst = None
        for j in range(n_classes):
            if j != y[i] and (worst is None or scores[i, j] > scores[i, worst]):
                worst = j
        violation = scores[i, worst] - scores[i, y[i]] + margin
        if violation > 0:
            value += w[i] * violation**power
            slope = w[i] * power * violation ** (power - 1)
            gradient[i, worst] += slope
            gradient[i, y[i]] -= slope
    return value, gradient


def one_vs_rest(scores, y, w, margin=1.0, power=1):
    """Sum of one binary hinge a class: this class against all the others.

        loss = sum over j of max(0, margin - t_j * s_j)**power

    with t_j = 1 for the true class and -1 for the others.
    """
    scores = np.asarray(scores, dtype=np.float64)
    n_samples, n_classes = scores.shape
    value, gradient = 0.0, np.zeros((n_samples, n_classes))
    for i in range(n_samples):
        for j in range(n_classes):
            t = 1 if j == y[i] else -1
            violation = margin - t * scores[i, j]
            if violation > 0:
                value += w[i] * violation**power
                gradient[i, j] = -t * w[i] * power * violation ** (power - 1)
    return value, gradient


# ------------------------------------------------------------------------------------------- layers


def affine(x, W, b):
    """Affine layer, y_ik = sum_j x_ij * W_jk + b_k."""
    n_samples, n_inputs, n_outputs = len(x), len(W), len(b)
    y = np.zeros((n_samples, n_outputs))
    for i in range(n_samples):
        for k in range(n_outputs):
            y[i, k] = b[k]
            for j in range(n_inputs):
                y[i, k] += x[i, j] * W[j, k]
    return y


def affine_backward(dy, x, W):
    """Gradients of the affine layer's x, W and b, given dy, that of its output.

    dx_ij = sum_k dy_ik * W_jk,     dW_jk = sum_i x_ij * dy_ik,     db_k = sum_i dy_ik
    """
    (n_samples, n_inputs), n_outputs = x.shape, W.shape[1]
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(n_outputs)
    for i in range(n_samples):
        for k in range(n_outputs):
            db[k] += dy[i, k]
            for j in range(n_inputs):
                dx[i, j] += dy[i, k] * W[j, k]
                dW[j, k] += x[i, j] * dy[i, k]
    return dx, dW, db


# ---------------------------------------------------------------------------------------- penalties


def l2(u):
    """Half the sum of squares, sum_i u_i**2 / 2, and its gradient, u."""
    value, gradient = 0.0, np.zeros(len(u))
    for i in range(len(u)):
        value += 0.5 * u[i] ** 2
        gradient[i] = u[i]
    return value, gradient


def l1(u):
    """Sum of the magnitudes, sum_i |u_i|, and its gradient, the sign, which is 0 at zero."""
    value, gradient = 0.0, np.zeros(len(u))
    for i in range(len(u)):
        value += abs(u[i])
        if u[i] > 0:
            gradient[i] = 1
        elif u[i] < 0:
            gradient[i] = -1
    return value, gradient


def elastic_net(u, l1_ratio=0.5):
    """Blend of the two, l1_ratio * sum_i |u_i| + (1 - l1_ratio) * sum_i u_i**2 / 2."""
    l1_value, l1_gradient = l1(u)
    l2_value, l2_gradient = l2(u)
    value = l1_ratio * l1_value + (1 - l1_ratio) * l2_value
    gradient = np.zeros(len(u))
    for i in range(len(u)):
        gradient[i] = l1_ratio * l1_gradient[i] + (1 - l1_ratio) * l2_gradient[i]
    return value, gradient


# --------------------------------------------------------------------------------------- optimizers
#
# Each takes one step: it changes `theta`, and what it has to remember, in place.


def sgd(theta, gradient, rate):
    """Gradient descent, theta = theta - rate * g."""
    for i in range(len(theta)):
        theta[i] -= rate * gradient[i]


def momentum(theta, gradient, velocity, rate, momentum=0.9):
    """Momentum: a heavy ball that rolls down the slope.

    v = momentum * v + g,       theta = theta - rate * v
    """
    for i in range(len(theta)):
        velocity[i] = momentum * velocity[i] + gradient[i]
        theta[i] -= rate * velocity[i]


def nesterov(theta, gradient, velocity, rate, momentum=0.9):
    """Nesterov's momentum: the step looks ahead along the velocity.

    v = momentum * v + g,       theta = theta - rate * (g + momentum * v)
    """
    for i in range(len(theta)):
        velocity[i] = momentum * velocity[i] + gradient[i]
        theta[i] -= rate * (gradient[i] + momentum * velocity[i])


def adagrad(theta, gradient, squares, rate, epsilon=1e-8):
    """Adagrad: each coordinate's rate falls with the squares of all its gradients.

    c = c + g**2,       theta = theta - rate * g / (sqrt(c) + epsilon)
    """
    for i in range(len(theta)):
        squares[i] += gradient[i] ** 2
        theta[i] -= rate * gradient[i] / (np.sqrt(squares[i]) + epsilon)


def rmsprop(theta, gradient, squares, rate, decay=0.99, epsilon=1e-8):
    """RMSProp: Adagrad that forgets.

    c = decay * c + (1 - decay) * g**2,     theta = theta - rate * g / (sqrt(c) + epsilon)
    """
    for i in range(len(theta)):
        squares[i] = decay * squares[i] + (1 - decay) * gradient[i] ** 2
        theta[i] -= rate * gradient[i] / (np.sqrt(squares[i]) + epsilon)


def adam(theta, gradient, mean, squares, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8,
         weight_decay=0.0):  # fmt: skip
    """Adam, step number t, which counts from 1.

        m = beta1 * m + (1 - beta1) * g,        c = beta2 * c + (1 - beta2) * g**2

    Both start at zero and are too small at first; dividing by 1 - beta**t mends that.

        theta = theta - rate * (m / (1 - beta1**t) / (sqrt(c / (1 - beta2**t)) + epsilon)
                                + weight_decay * theta)
    """
    for i in range(len(theta)):
        mean[i] = beta1 * mean[i] + (1 - beta1) * gradient[i]
        squares[i] = beta2 * squares[i] + (1 - beta2) * gradient[i] ** 2
        mean_hat = mean[i] / (1 - beta1**t)
        squares_hat = squares[i] / (1 - beta2**t)
        theta[i] -= rate * (mean_hat / (np.sqrt(squares_hat) + epsilon) + weight_decay * theta[i])


# ----------------------------------------------------------------------------------- gradient check


def numerical_gradient(f, x, h=1e-5):
    """Gradient of f at x by central differences, one coordinate at a time.

    df / dx_i = (f(x + h * e_i) - f(x - h * e_i)) / (2 * h)
    """
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        middle = x[index]
        x[index] = middle + h
        above = f(x)
        x[index] = middle - h
        below = f(x)
        x[index] = middle
        gradient[index] = (above - below) / (2 * h)
    return gradient
