/** Words at the end of a message, which say what is wrong; those before say where. */
const WORDS = 6;
/** What ONNX Runtime says when a request does not fit the inputs of the model: Nexus finds that first, in its own words. */
const OF_INPUTS =
  /Got invalid dimensions for input|Invalid rank for input|Unexpected input data type|Missing Input/i;

/** Whether `text` tells what ONNX Runtime says in `refusal`: its last words, paths and the space between words apart. */
export function carries(text: string, refusal: string): boolean {
  if (OF_INPUTS.test(refusal)) return true;
  return wordsOf(text).join(' ').includes(wordsOf(refusal).slice(-WORDS).join(' '));
}

function wordsOf(text: string): string[] {
  return text
    .replaceAll('\\"', '"')
    .replaceAll('\\n', ' ')
    .split(/\s+/)
    .filter((word) => word !== '' && !word.includes('/'));
}
