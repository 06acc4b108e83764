"""Tells from measurements of cell nuclei whether a breast tumor is malignant or benign."""

import numpy as np
from onnx import helper, numpy_helper, parser
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import train_test_split

# Leaves are multiples of 1/1024, so that sums in float32 are exact in any order of the trees. A row therefore
# produces the same bits alone and in a batch.
LEAF_UNIT = 2**10

GRAPH = """
breast_tumor (float[batch,10] mean, float[batch,10] error, float[batch,10] worst)
        => (string[batch] label, float[batch,2] probabilities) {
    features = Concat<axis = 1>(mean, error, worst)
    votes = ai.onnx.ml.TreeEnsemble<n_targets = 2, aggregate_function = 1, post_transform = 0>(features)
    logits = Add(votes, prior)
    class = ArgMax<axis = 1, keepdims = 0>(logits)
    label = Gather(classes, class)
    probabilities = Softmax<axis = 1>(logits)
}
"""
LEQ = 0  # node mode: take the true branch if feature <= split
BENIGN = 1


def train():
    """Returns the graph, the held-out measurements and their labels."""
    data = load_breast_cancer()
    fit, held_out, fit_classes, held_out_classes = train_test_split(
        data.data, data.target, test_size=0.25, stratify=data.target, random_state=0
    )
    boosting = GradientBoostingClassifier(
        n_estimators=500,
        learning_rate=0.05,
        max_depth=2,
        min_samples_leaf=5,
        subsample=0.5,
        max_features=5,
        random_state=0,
    ).fit(fit, fit_classes)
    benign = fit_classes.mean()
    prior = [0, np.rint(np.log(benign / (1 - benign)) * LEAF_UNIT) / LEAF_UNIT]
    graph = parser.parse_graph(GRAPH)
    ensemble = next(node for node in graph.node if node.op_type == "TreeEnsemble")
    ensemble.attribute.extend(helper.make_attribute(name, value) for name, value in forest(boosting).items())
    graph.initializer.append(numpy_helper.from_array(np.array(prior, np.float32), "prior"))
    graph.initializer.append(numpy_helper.from_array(data.target_names.astype(object), "classes"))
    inputs = dict(
        zip(("mean", "error", "worst"), np.split(held_out.astype(np.float32), 3, axis=1), strict=True)
    )
    return graph, inputs, data.target_names[held_out_classes]


def forest(boosting):
    """The trees of `boosting` as attributes of TreeEnsemble. Leaves are log-odds of benign."""
    nodes, leaves, roots = [], [], []
    for (estimator,) in boosting.estimators_:
        roots.append(len(nodes))
        plant(estimator.tree_, boosting.learning_rate, nodes, leaves)
    features, splits, branches, are_leaves = zip(*nodes, strict=True)
    return {
        "tree_roots": roots,
        "nodes_featureids": features,
        "nodes_splits": numpy_helper.from_array(np.array(splits, np.float32)),
        "nodes_modes": numpy_helper.from_array(np.full(len(nodes), LEQ, np.uint8)),
        "nodes_truenodeids": [true for true, _ in branches],
        "nodes_falsenodeids": [false for _, false in branches],
        "nodes_trueleafs": [true for true, _ in are_leaves],
        "nodes_falseleafs": [false for _, false in are_leaves],
        "leaf_targetids": [BENIGN] * len(leaves),
        "leaf_weights": numpy_helper.from_array(np.array(leaves, np.float32)),
    }


def plant(tree, learning_rate, nodes, leaves):
    """Appends the inner nodes of `tree` to `nodes` and its leaves to `leaves`."""
    inner = np.flatnonzero(tree.feature >= 0)
    place = {node: len(nodes) + index for index, node in enumerate(inner)}
    for node in np.flatnonzero(tree.feature < 0):
        place[node] = len(leaves)
        leaves.append(np.rint(tree.value[node].item() * learning_rate * LEAF_UNIT) / LEAF_UNIT)
    for node in inner:
        children = tree.children_left[node], tree.children_right[node]
        branches = [place[child] for child in children]
        are_leaves = [int(tree.feature[child] < 0) for child in children]
        nodes.append((tree.feature[node], floor32(tree.threshold[node]), branches, are_leaves))


def floor32(value):
    """The largest float32 that is not above `value`. It splits float32 features exactly as `value` does."""
    near = np.float32(value)
    return near if near <= value else np.nextafter(near, np.float32(-np.inf))
