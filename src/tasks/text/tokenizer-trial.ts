import { loadTokenizer } from './tokenizer-file';
import type { TrialReport } from './tokenizer-messages';

/*
 * The program of a process that loads and uses the file in its first argument. It writes a TrialReport as JSON.
 *
 * The native library aborts its process, without an error, on some faults of a file: when it loads the file, or not before
 * it encodes certain characters. The trial finds them where they do no harm.
 */

/** All characters up to here are tried, and one of {@link STEP} above. */
const ALL_UP_TO = 0x3000;
const STEP = 64;

async function tryFile(path: string): Promise<TrialReport> {
  let loaded;
  try {
    loaded = loadTokenizer(path);
  } catch (error) {
    return { fault: (error as Error).message };
  }
  const { tokenizer, digest } = loaded;
  const texts = ['', ' ', 'The quick brown fox, 2026.', ...allCharacters()];
  const encodings = await tokenizer.encodeBatch(texts, { addSpecialTokens: true });
  await tokenizer.encodeBatch(texts.slice(0, 3), { addSpecialTokens: false });
  for (const second of texts.slice(0, 4))
    await tokenizer.encode('The fox', second, { addSpecialTokens: true });
  for (const skipSpecialTokens of [false, true])
    await tokenizer.decodeBatch(
      encodings.map((encoding) => encoding.getIds()),
      skipSpecialTokens,
    );
  return { digest };
}

/** Texts of a few hundred characters. */
function allCharacters(): string[] {
  const texts: string[] = [];
  let text = '';
  for (let point = 0; point <= 0x10ffff; point += point < ALL_UP_TO ? 1 : STEP) {
    if (point < 0xd800 || point > 0xdfff) text += String.fromCodePoint(point);
    if (text.length < 256) continue;
    texts.push(text);
    text = '';
  }
  return texts;
}

void tryFile(process.argv[2]!)
  .catch((error: Error) => ({ fault: `cannot be used: ${error.message}` }))
  .then((report) => process.stdout.write(JSON.stringify(report)));
