"""What the models that the clients call take and give."""

import numpy as np

X = np.array([[1, 2]], np.float32)
"""A row for `affine`."""

LARGE = np.arange(4_000_000, dtype=np.float32).reshape(2000, 2000)
"""Rows for `affine` of 16 MB."""

SLOW = np.array([2_000_000], np.int64)
"""A count that takes `counter` a second or some."""


def is_affine(y, x=X):
    """Fails unless `y` is what `affine` makes of `x`."""
    np.testing.assert_array_equal(y, 2 * x + 1)
