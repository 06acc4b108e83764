import { errors } from '../../common/errors';
import { type ApiBody, modelNameOf } from './api-body';

/** Maximum number of parts of a form, and of bytes of the headers of one. */
const MAX_PARTS = 128;
const MAX_HEAD = 16 * 1024;

/** Searching this many bytes takes about a millisecond. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Longest name of a model in bytes of UTF-8. */
const MAX_MODEL = 1024;

const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const HEADER = /^([\w!#$%&'*+.^`|~-]+):([^\r\n]*)$/;
const PARAMETER = /\s*;\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/y;

/** Where the contents of a part are. */
interface Part {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a form (RFC 7578), such as that of an audio file. Its files are searched for the boundary, in pieces, and not copied.
 * @param contentType of the request, which contains the boundary.
 * @throws NexusError invalid_input: rejects with it for a form that is not valid, or has two fields `model`.
 */
export async function readFormBody(bytes: Buffer, contentType: string): Promise<ApiBody> {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  // Of several, the target might use another one, and so see another model.
  if (boundary === undefined || contentType.match(/boundary\*?\d*\*?\s*=/gi)!.length > 1)
    throw invalid('expected Content-Type multipart/form-data with one boundary');
  const parts = await partsOf(bytes, Buffer.from(`--${boundary}`, 'latin1'));
  const models = parts.filter(({ name }) => name === 'model');
  if (models.length > 1) throw errors.invalidInput('model: expected the field once, got it again', 'model');
  const [model] = models;
  return {
    model: model && nameIn(model, bytes),
    byteLength: bytes.length,
    promptCharacters: 0,
    maxTokens: 0,
    opening: undefined,
    bodyFor: (name) =>
      model === undefined
        ? [bytes]
        : [bytes.subarray(0, model.start), Buffer.from(name), bytes.subarray(model.end)],
  };
}

function nameIn({ start, end }: Part, bytes: Buffer): string {
  if (end - start > MAX_MODEL)
    throw errors.invalidInput(`model: expected the name of a model, got ${end - start} bytes`, 'model');
  return modelNameOf(bytes.toString('utf8', start, end));
}

/** The parts between the delimiters of `bytes`. What is before the first and after the last has no meaning. */
async function partsOf(bytes: Buffer, delimiter: Buffer): Promise<readonly Part[]> {
  const parts: Part[] = [];
  const later = Buffer.concat([Buffer.from('\r\n'), delimiter]);
  let at = bytes.subarray(0, delimiter.length).equals(delimiter)
    ? 0
    : (await find(bytes, later, 0, 'the boundary')) + 2;
  for (;;) {
    at += delimiter.length;
    if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) return parts;
    if (parts.length === MAX_PARTS) throw invalid(`expected at most ${MAX_PARTS} parts, got more`);
    // The delimiter may be followed by white space.
    while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) throw invalid(`expected a new line at byte ${at}`);
    const head = bytes.subarray(at, at + MAX_HEAD);
    const headEnd = head.indexOf('\r\n\r\n');
    if (headEnd < 0) throw invalid(`expected the headers of a part at byte ${at} to end`);
    const name = nameOf(head.toString('latin1', 2, headEnd), at);
    const start = at + headEnd + 4;
    // The line end before a delimiter belongs to it, and may be the one that ends the headers of an empty part.
    const end = await find(bytes, later, start - 2, `the end of the part at byte ${at}`);
    parts.push({ name, start: Math.min(start, end), end });
    at = end + 2;
  }
}

/**
 * The name of a part; empty without one. Strict, so that the target cannot read another name.
 * @param head the headers of the part.
 * @param at where they are in the body.
 */
function nameOf(head: string, at: number): string {
  const headers = head === '' ? [] : head.split('\r\n').map((line) => HEADER.exec(line));
  if (headers.includes(null)) throw invalid(`expected the headers of the part at byte ${at} to be valid`);
  const found = headers.filter((header) => header![1]!.toLowerCase() === 'content-disposition');
  const names = found.flatMap((header) => namesIn(header![2]!));
  if (found.length > 1 || names.length > 1 || names.includes(undefined))
    throw invalid(`expected one Content-Disposition with one name at byte ${at}`);
  return names[0] ?? '';
}

/** The parameters `name` in a Content-Disposition; undefined for what is not valid, or has another charset. */
function namesIn(disposition: string): readonly (string | undefined)[] {
  const names: (string | undefined)[] = [];
  const end = disposition.trimEnd().replace(/;$/, '').length;
  let lastIndex = /^\s*[\w-]*/.exec(disposition)![0].length;
  PARAMETER.lastIndex = lastIndex;
  for (let found = PARAMETER.exec(disposition); found; found = PARAMETER.exec(disposition)) {
    const [, key = '', quoted, plain] = found;
    if (key.toLowerCase() === 'name') names.push(quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
    else if (/^name\*/i.test(key)) names.push(undefined);
    ({ lastIndex } = PARAMETER);
  }
  if (lastIndex < end) names.push(undefined);
  return names;
}

/** Index of `searched` in `bytes` after `from`. @throws NexusError invalid_input, with `what`, if there is none. */
async function find(bytes: Buffer, searched: Buffer, from: number, what: string): Promise<number> {
  for (let at = from; at < bytes.length; at += PIECE_BYTES) {
    if (at > from) await new Promise((resolve) => setImmediate(resolve));
    const found = bytes.subarray(at, at + PIECE_BYTES + searched.length - 1).indexOf(searched);
    if (found >= 0) return at + found;
  }
  throw invalid(`expected ${what}, got the end of the body`);
}

function invalid(problem: string): Error {
  return errors.invalidInput(`the body is not a valid form: ${problem}`);
}
