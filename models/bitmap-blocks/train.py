"""Counts the ink in the blocks of 4x4 pixels of a bitmap of 32x32: the image of 8x8 that digits takes."""

import numpy as np
from onnx import numpy_helper, parser

SIZE = 32
BLOCK = 4

GRAPH = """
bitmap_blocks (uint8[batch,32,32] bitmap) => (float[batch,8,8] image) {
    is_ink = Cast<to = 9>(bitmap)
    ink = Cast<to = 1>(is_ink)
    blocks = Reshape(ink, block_shape)
    image = ReduceSum<keepdims = 0>(blocks, block_axes)
}
"""


def train():
    """Returns the graph, test bitmaps and the expected images. Nothing is trained."""
    graph = parser.parse_graph(GRAPH)
    count = SIZE // BLOCK
    constants = {"block_shape": np.array([0, count, BLOCK, count, BLOCK]), "block_axes": np.array([2, 4])}
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    bitmaps = np.random.default_rng(0).integers(0, 2, (100, SIZE, SIZE), np.uint8)
    images = [[[block.sum() for block in np.split(rows, count, 1)] for rows in np.split(bitmap, count)] for bitmap in bitmaps]
    return graph, {"bitmap": bitmaps}, np.array(images)
