/** A source location of ONNX Runtime: a path on the build machine or a file name, and a line number. */
const LOCATION = /(?:[^\s:]*[/\\])?[\w.-]+\.(?:h|hh|hpp|cuh|cc|cpp|cxx|cu|inc|inl):\d+ /;

/** Parts of messages that are useless to readers or must not be disclosed, with their replacements. */
const NOISE: readonly (readonly [RegExp, string])[] = [
  [/\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /g, ''],
  [/^Load model from .*? failed:\s*/s, ''],
  [/ ; (?:hostname|file|line)=[^;]*(?= ;|$)/g, ''],
  // For a library that cannot be loaded, the file name is enough.
  [/(?:\/[^\s/:'"]+)*\/([^\s/:'"]+\.(?:so[.\d]*|dylib)\b)/g, '$1'],
  [
    /ONNX Runtime only \*guarantees\*.*?Opset (\d+) .*? domain (\S+) is till opset (\d+)\./gs,
    'the model uses opset $1 of $2, but this version of ONNX Runtime supports at most opset $3; export it with an older opset',
  ],
  [
    /Unsupported model IR version: (\d+), max supported IR version: (\d+)/g,
    'the model has IR version $1, but this version of ONNX Runtime supports at most $2; save it with an older IR version',
  ],
];

/** Characters in a C++ signature that look like brackets but are not: `operator<` and similar, and arrows. */
const NOT_A_BRACKET = /^(?:operator(?:\(\)|[-<>=!+*/[\]]+)|->)/;

/** What may follow the parameters of a C++ signature. */
const SIGNATURE_SUFFIX = /^ (?:(?:const|noexcept|&&?)(?: |$)|\[(?:with )?\w+ = )/;

/**
 * Cleans up an ONNX Runtime message: one line, without source locations, C++ signatures and error codes. Paths below
 * one of `folders` become relative, so that readers see which file is meant but not where the server stores it.
 */
export function ortMessage(text: string, folders: readonly string[] = []): string {
  let plain = withoutSource(text);
  for (const folder of folders) plain = plain.replaceAll(`${folder.replace(/\/$/, '')}/`, '');
  for (const [pattern, replacement] of NOISE) plain = plain.replace(pattern, replacement);
  return plain.replace(/\s+/g, ' ').trim();
}

/** Removes source locations, the functions after them, and conditions that are followed by an explanation. */
function withoutSource(text: string): string {
  const match = LOCATION.exec(text);
  if (match === null) return text;
  const after = text.slice(match.index + match[0].length);
  const rest = withoutSource(withoutFunction(after, /[/\\]/.test(match[0])));
  const [condition, explanation] = split(rest, ' was false.');
  return (
    text.slice(0, match.index) +
    (explanation?.trim() ? explanation.trimStart() : condition + (explanation ?? ''))
  );
}

/** Removes the function at the start of `text`: its whole signature or only its name. */
function withoutFunction(text: string, hasSignature: boolean): string {
  return text.slice(hasSignature ? signatureLength(text) : (/^\S+\s+/.exec(text)?.[0].length ?? 0));
}

/** Length of the C++ signature, in compiler notation, at the start of `text`; 0 if there is none. */
function signatureLength(text: string): number {
  let depth = 0;
  let hadParameters = false;
  for (let index = 0; index < text.length; index++) {
    index += NOT_A_BRACKET.exec(text.slice(index, index + 16))?.[0].length ?? 0;
    const char = text[index] ?? ' ';
    if ('([<{'.includes(char)) depth++;
    else if (')]>}'.includes(char)) depth--;
    if (char === ')' && depth === 0) hadParameters = true;
    if (char !== ' ' || depth > 0 || !hadParameters || SIGNATURE_SUFFIX.test(text.slice(index, index + 64)))
      continue;
    return index + 1;
  }
  return 0;
}

function split(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at) + separator, text.slice(at + separator.length)];
}
