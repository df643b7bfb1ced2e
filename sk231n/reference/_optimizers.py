"""Optimizers, one coordinate at a time.

Each function takes one step: it changes `theta`, and the state it has to remember, in place.
"""

import numpy as np


def sgd(theta, gradient, rate):
    """Gradient descent, theta = theta - rate * g."""
    for i in range(len(theta)):
        theta[i] -= rate * gradient[i]


def momentum(theta, gradient, velocity, rate, momentum=0.9):
    """Momentum: like a heavy ball that rolls down the slope.

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
    """RMSProp: Adagrad with a decaying sum of squares.

    c = decay * c + (1 - decay) * g**2,     theta = theta - rate * g / (sqrt(c) + epsilon)
    """
    for i in range(len(theta)):
        squares[i] = decay * squares[i] + (1 - decay) * gradient[i] ** 2
        theta[i] -= rate * gradient[i] / (np.sqrt(squares[i]) + epsilon)


def adam(theta, gradient, mean, squares, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8,
         weight_decay=0.0):  # fmt: skip
    """Adam, step number t, counted from 1.

        m = beta1 * m + (1 - beta1) * g,        c = beta2 * c + (1 - beta2) * g**2

    Both start at zero and are too small at first; dividing by 1 - beta**t corrects that.

        theta = theta - rate * (m / (1 - beta1**t) / (sqrt(c / (1 - beta2**t)) + epsilon)
                                + weight_decay * theta)
    """
    for i in range(len(theta)):
        mean[i] = beta1 * mean[i] + (1 - beta1) * gradient[i]
        squares[i] = beta2 * squares[i] + (1 - beta2) * gradient[i] ** 2
        mean_hat = mean[i] / (1 - beta1**t)
        squares_hat = squares[i] / (1 - beta2**t)
        theta[i] -= rate * (mean_hat / (np.sqrt(squares_hat) + epsilon) + weight_decay * theta[i])
