import { constants, isUtf8 } from 'node:buffer';
import { errors } from '../../common/errors';
import { parseExactJson } from '../../common/exact-json';
import { requireLittleStructure } from '../../common/json-object';
import { withoutByteOrderMark } from '../../common/json-text';
import { INEXACT } from './elements';

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
