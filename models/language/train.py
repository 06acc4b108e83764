"""Names the language of a text: one of 16, by its letters and how they follow each other."""

import json
from collections import Counter
from pathlib import Path

import langdetect
import numpy as np
from onnx import helper, numpy_helper, parser

LANGUAGES = ["cs", "da", "de", "el", "en", "es", "fi", "fr", "it", "nl", "pl", "pt", "ru", "sv", "tr", "uk"]
NGRAMS_PER_LANGUAGE = 1000
# The profiles omit n-grams rarer than one in 10,000. Half of that is assumed for unlisted n-grams.
RARE = 5e-5

# Codes of characters: padding, a gap between words, or the number of a letter.
PADDING, GAP = 0, 1

# Weights are integers, small enough that sums in float32 are exact in any order. A text therefore produces the
# same bits alone and in a batch.
WEIGHT_UNIT = 16
MAX_WEIGHT = 127
MAX_LENGTH = 500
assert 3 * (MAX_LENGTH + 2) * MAX_WEIGHT < 2**24
# Each letter is counted in n-grams of one, two and three letters, which triples its evidence.
OVERLAP = 3

GRAPH = """
language (string[batch] text) => (string[batch] label, float[batch,16] probabilities)
        <string[batch,length] characters> {
    start = com.microsoft.Tokenizer
        <mark = 0, mincharnum = 1, pad_value = "", tokenexp = "(?s)^.{1,MAX_LENGTH}">(text)
    split = com.microsoft.Tokenizer<mark = 1, mincharnum = 1, pad_value = "", separators = [""]>(start)
    characters = Flatten<axis = 1>(split)
    codes = ai.onnx.ml.LabelEncoder(characters)
    counts = TfIdfVectorizer<mode = "TF", min_gram_length = 1, max_gram_length = 3, max_skip_count = 0>(codes)
    float_weights = Cast<to = 1>(weights)
    sums = MatMul(counts, float_weights)
    class = ArgMax<axis = 1, keepdims = 0>(sums)
    label = Gather(languages, class)
    logits = Div(sums, unit)
    probabilities = Softmax<axis = 1>(logits)
}
""".replace("MAX_LENGTH", str(MAX_LENGTH))


def train():
    """Returns the graph, the held-out sentences and their languages."""
    profiles = {language: profile(language) for language in LANGUAGES}
    grams = vocabulary(profiles)
    alphabet = sorted(set("".join(grams)) - {" "})
    code = {" ": GAP} | {letter: index for index, letter in enumerate(alphabet, start=GAP + 1)}
    graph = parser.parse_graph(GRAPH)
    extend(graph, "LabelEncoder", encoder(code))
    extend(graph, "TfIdfVectorizer", pool(grams, code))
    graph.initializer.append(numpy_helper.from_array(weigh(profiles, grams), "weights"))
    graph.initializer.append(numpy_helper.from_array(np.float32(WEIGHT_UNIT * OVERLAP), "unit"))
    graph.initializer.append(numpy_helper.from_array(np.array(LANGUAGES, object), "languages"))
    lines = (Path(__file__).parent / "held-out.tsv").read_text(encoding="utf-8").splitlines()
    labels, sentences = zip(*(line.split("\t") for line in lines), strict=True)
    return graph, {"text": np.array(sentences, object)}, np.array(labels)


def profile(language):
    """The share of each n-gram of one to three letters or gaps among those of its length in `language`."""
    path = Path(langdetect.__file__).parent / "profiles" / language
    counted = json.loads(path.read_text(encoding="utf-8"))
    shares = Counter()
    for gram, times in counted["freq"].items():
        if gram.strip() and all(character.isalpha() or character == " " for character in gram):
            shares["".join(map(fold, gram))] += times / counted["n_words"][len(gram) - 1]
    return shares


def fold(character):
    """The lower case of `character`, if that is a single character."""
    return character.lower() if len(character.lower()) == 1 else character


def vocabulary(profiles):
    """The most frequent n-grams of each language, short ones first."""
    frequent = {gram for shares in profiles.values() for gram, _ in shares.most_common(NGRAMS_PER_LANGUAGE)}
    return sorted(frequent, key=lambda gram: (len(gram), gram))


def weigh(profiles, grams):
    """Naive Bayes weights: the log of how much likelier an n-gram is in a language than on average."""
    shares = np.array([[profiles[language][gram] for language in LANGUAGES] for gram in grams])
    logs = np.log(shares + RARE)
    weights = np.rint((logs - logs.mean(axis=1, keepdims=True)) * WEIGHT_UNIT)
    return np.clip(weights, -MAX_WEIGHT, MAX_WEIGHT).astype(np.int8)


def encoder(code):
    """Attributes of LabelEncoder: letters of either case map to their code, other characters to a gap."""
    forms = {"": PADDING}
    for letter, number in code.items():
        forms |= {form: number for form in (letter.upper(), letter) if len(form) == 1}
    return {"keys_strings": list(forms), "values_int64s": list(forms.values()), "default_int64": GAP}


def pool(grams, code):
    """Attributes of TfIdfVectorizer: the n-grams, concatenated, and where those of each length start."""
    sizes = [len(gram) for gram in grams]
    starts = [sum(size for size in sizes if size < length) for length in (1, 2, 3)]
    codes = [code[letter] for gram in grams for letter in gram]
    return {"pool_int64s": codes, "ngram_counts": starts, "ngram_indexes": list(range(len(grams)))}


def extend(graph, operator, attributes):
    """Adds `attributes` to the first node of `graph` with operator `operator`."""
    node = next(node for node in graph.node if node.op_type == operator)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
