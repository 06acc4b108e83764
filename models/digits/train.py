"""Recognises a handwritten digit in an image of 8x8 pixels, each from 0 (paper) to 16 (ink)."""

import warnings

import numpy as np
from onnx import numpy_helper, parser
from scipy.ndimage import affine_transform
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

MAX_PIXEL = 16
DISTORTED_COPIES = 10

# All weights and activations are integers, small enough that sums in float32 are exact in any order. A row
# therefore produces the same bits alone and in a batch.
WEIGHT_UNIT = np.array([2**8, 2**7, 2**7])
ACTIVATION_UNIT = np.array([MAX_PIXEL, 2**5, 2**4])
EXACT = 2**24

GRAPH = """
digits (float[batch,8,8] image) => (int64[batch] label, float[batch,10] probabilities) {
    rounded = Round(image)
    pixels = Clip(rounded, min_pixel, max_pixel)
    row = Flatten<axis = 1>(pixels)
    sum0 = Gemm(row, weights0, bias0)
    positive0 = Relu(sum0)
    scaled0 = Mul(positive0, scale0)
    hidden0 = Round(scaled0)
    sum1 = Gemm(hidden0, weights1, bias1)
    positive1 = Relu(sum1)
    scaled1 = Mul(positive1, scale1)
    hidden1 = Round(scaled1)
    sum2 = Gemm(hidden1, weights2, bias2)
    label = ArgMax<axis = 1, keepdims = 0>(sum2)
    logits = Mul(sum2, scale2)
    probabilities = Softmax<axis = 1>(logits)
}
"""


def train():
    """Returns the graph, the held-out images and their digits."""
    images, digits = load_digits(return_X_y=True)
    fit, held_out, fit_digits, held_out_digits = train_test_split(
        images.reshape(-1, 8, 8), digits, test_size=0.25, stratify=digits, random_state=0
    )
    graph = parser.parse_graph(GRAPH)
    graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants(fit, fit_digits)
    )
    return graph, {"image": held_out.astype(np.float32)}, held_out_digits


def constants(images, digits):
    """Yields the constants of the graph by name, from a network fitted to `images`."""
    network = fit(images, digits)
    yield "min_pixel", np.float32(0)
    yield "max_pixel", np.float32(MAX_PIXEL)
    largest = np.full(64, MAX_PIXEL)
    for layer, (weights, bias) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        unit = WEIGHT_UNIT[layer] * ACTIVATION_UNIT[layer]
        weights, bias = np.rint(weights * WEIGHT_UNIT[layer]), np.rint(bias * unit)
        bound = largest @ np.abs(weights) + np.abs(bias)
        assert bound.max() < EXACT, f"layer {layer} can reach {bound.max()}: choose a smaller unit"
        scale = 1 / unit if layer == 2 else ACTIVATION_UNIT[layer + 1] / unit
        largest = np.rint(bound * scale)
        yield f"weights{layer}", weights.astype(np.float32)
        yield f"bias{layer}", bias.astype(np.float32)
        yield f"scale{layer}", np.float32(scale)


def fit(images, digits):
    """Fits a network to the images and to distorted copies of them."""
    rng = np.random.default_rng(0)
    copies = [np.stack([distort(image, rng) for image in images]) for _ in range(DISTORTED_COPIES)]
    rows = np.concatenate([images, *copies]).reshape(-1, 64) / MAX_PIXEL
    network = MLPClassifier(
        (128, 64), alpha=1e-3, batch_size=128, learning_rate_init=2e-3, max_iter=20, random_state=0
    )
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return network.fit(rows, np.tile(digits, 1 + DISTORTED_COPIES))


def distort(image, rng):
    """Rotates, scales, slants and shifts `image` slightly."""
    angle, slant = rng.uniform(-0.2, 0.2, size=2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, slant], [0, 1]]) @ np.diag(rng.uniform(0.88, 1.12, size=2))
    centre = np.array([3.5, 3.5])
    offset = centre - matrix @ centre + rng.uniform(-0.8, 0.8, size=2)
    return np.clip(np.rint(affine_transform(image, matrix, offset, order=1)), 0, MAX_PIXEL)
