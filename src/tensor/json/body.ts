import { constants, isUtf8 } from 'node:buffer';
import { errors } from '../../common/errors';
import { parseExactJson } from '../../common/exact-json';
import { requireLittleStructure } from '../../common/json-object';
import { withoutByteOrderMark } from '../../common/json-text';
import { NexusError } from '../../common/nexus-error';
import { INEXACT } from './elements';
import { parseSparseJson } from './sparse-json';
import { UNUSUAL } from './unread-numbers';

/** The text of `json` without a byte order mark. @throws invalid if it is too long, has too much structure, or is not UTF-8. */
export function jsonText(json: Buffer): string {
  if (json.length > constants.MAX_STRING_LENGTH) {
    throw errors.invalidInput(
      `the JSON is longer than ${constants.MAX_STRING_LENGTH} bytes; send the tensors as binary data`,
    );
  }
  requireLittleStructure(json);
  const text = json.toString();
  if (text.includes('\ufffd') && !isUtf8(json)) throw errors.invalidInput('the JSON is not valid UTF-8');
  return withoutByteOrderMark(text);
}

/**
 * Parses `json` and returns the result of `read`, like {@link readJson}. Long arrays of numbers are {@link UnreadNumbers} in
 * the first call of `read`, which has to read all of them. If that is not possible, or if it throws, `read` is called again
 * with the result of JSON.parse.
 *
 * @throws invalid like {@link jsonText} and {@link readJson}.
 */
export function readTensorJson<T>(json: Buffer, read: (value: unknown, exact: boolean) => T): T {
  const sparse = parseSparseJson(json);
  if (sparse !== undefined) {
    try {
      const result = read(sparse.value, false);
      if (sparse.numbers.every(({ isRead }) => isRead)) return result;
    } catch (error) {
      // The message of a mistake comes from the whole document.
      if (error !== UNUSUAL && error !== INEXACT && !(error instanceof NexusError)) throw error;
    }
  }
  return readJson(jsonText(json), read);
}

/**
 * Parses `text` and returns the result of `read`. Uses JSON.parse first, and parseExactJson, with `exact` true, if
 * JSON.parse loses precision.
 * @throws invalid if `text` is not JSON, and everything that `read` throws except INEXACT.
 */
export function readJson<T>(text: string, read: (value: unknown, exact: boolean) => T): T {
  try {
    return read(JSON.parse(text), false);
  } catch (error) {
    if (error !== INEXACT && !(error instanceof SyntaxError)) throw error;
    return read(parseExactJson(text), true);
  }
}
