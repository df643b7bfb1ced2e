"""Multi-class losses, one sample at a time.

Each takes scores of shape (n_samples, n_classes), class indices and sample weights, and returns
the weighted sum of the losses and its gradient with respect to the scores.
"""

import numpy as np


def log_softmax(scores):
    """Logarithm of the softmax of each row.

        log p_j = s_j - log(sum_k exp(s_k))

    The row's largest score is subtracted first: the result is the same, and no exponential
    overflows.
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

    The target q is 1 for the true class and 0 for the others; smoothing takes a share of it and
    spreads it evenly over all classes.
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
    """Multi-class hinge: every wrong class adds its own violation of the margin.

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
    """Multi-class hinge in which only the worst violation counts, or the first of equal ones.

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
    """Sum of one binary hinge per class: this class against all the others.

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
