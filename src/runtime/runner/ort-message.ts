/** Where in its source ONNX Runtime threw: a path of the machine it was built on, or the name of a file, and a line. */
const LOCATION = /(?:[^\s:]*[/\\])?[\w.-]+\.(?:h|hh|hpp|cuh|cc|cpp|cxx|cu|inc|inl):\d+ /;

/** What of a message is of no use to a reader, or not theirs to know, with what stays in its place. */
const NOISE: readonly (readonly [RegExp, string])[] = [
  [/\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /g, ''],
  [/^Load model from .*? failed:\s*/s, ''],
  [/ ; (?:hostname|file|line)=[^;]*(?= ;|$)/g, ''],
  // Of a library that cannot be loaded, the name says enough.
  [/(?:\/[^\s/:'"]+)*\/([^\s/:'"]+\.(?:so[.\d]*|dylib)\b)/g, '$1'],
  [
    /ONNX Runtime only \*guarantees\*.*?Opset (\d+) .*? domain (\S+) is till opset (\d+)\./gs,
    'the model uses opset $1 of $2, and the newest that ONNX Runtime supports here is opset $3; export it with an older opset',
  ],
  [
    /Unsupported model IR version: (\d+), max supported IR version: (\d+)/g,
    'the model has IR version $1, and the newest that ONNX Runtime supports here is $2; save it with an older one',
  ],
];

/** `operator<` and its like, and arrows: what looks like a bracket in a C++ signature, and is none. */
const NO_BRACKET = /^(?:operator(?:\(\)|[-<>=!+*/[\]]+)|->)/;

/** What follows the parameters in a signature. */
const GOES_ON = /^ (?:(?:const|noexcept|&&?)(?: |$)|\[(?:with )?\w+ = )/;

/**
 * What ONNX Runtime says in `text`, on one line: without the places in its source, the C++ that stands beside them and
 * its error codes. Of a path that begins with one of `folders`, the rest stays, so that a reader sees which file it is
 * and not where this server keeps it.
 */
export function ortMessage(text: string, folders: readonly string[] = []): string {
  let plain = withoutSource(text);
  for (const folder of folders) plain = plain.replaceAll(`${folder.replace(/\/$/, '')}/`, '');
  for (const [pattern, replacement] of NOISE) plain = plain.replace(pattern, replacement);
  return plain.replace(/\s+/g, ' ').trim();
}

/** `text` without its source locations, the functions after them, and conditions that a sentence explains. */
function withoutSource(text: string): string {
  const found = LOCATION.exec(text);
  if (found === null) return text;
  const after = text.slice(found.index + found[0].length);
  const rest = withoutSource(withoutFunction(after, /[/\\]/.test(found[0])));
  const [condition, said] = split(rest, ' was false.');
  return text.slice(0, found.index) + (said?.trim() ? said.trimStart() : condition + (said ?? ''));
}

/** `text` without the function it begins with: its whole signature, or only its name. */
function withoutFunction(text: string, hasSignature: boolean): string {
  return text.slice(hasSignature ? signatureLength(text) : (/^\S+\s+/.exec(text)?.[0].length ?? 0));
}

/** Length of the C++ signature `text` begins with, as compilers write it; 0 when it begins with none. */
function signatureLength(text: string): number {
  let depth = 0;
  let hadParameters = false;
  for (let index = 0; index < text.length; index++) {
    index += NO_BRACKET.exec(text.slice(index, index + 16))?.[0].length ?? 0;
    const char = text[index] ?? ' ';
    if ('([<{'.includes(char)) depth++;
    else if (')]>}'.includes(char)) depth--;
    if (char === ')' && depth === 0) hadParameters = true;
    if (char !== ' ' || depth > 0 || !hadParameters || GOES_ON.test(text.slice(index, index + 64))) continue;
    return index + 1;
  }
  return 0;
}

function split(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at) + separator, text.slice(at + separator.length)];
}
