import { errors } from '../../common/errors';
import { LENGTH_BYTES } from '../../tensor/elements';
import type { Dialect } from '../codec/dialect';
import { readTopK } from './decode';
import type { DecodedPrediction, PredictionAnswer, PredictionTarget } from './messages';
import { FORM_MEDIA, PICTURE_MEDIA } from './picture-media';
import { nexusDialect } from './predict.dialect';

type PictureDialect = Dialect<PredictionTarget, DecodedPrediction, PredictionAnswer>;

/** Field of a form for the number of classes to return. */
const TOP_K = 'top_k';

/** Maximum number of parts of a form, more than the pictures that a request may have. */
const MAX_PARTS = 128;

/** Predictions whose body is one encoded picture. */
export const pictureDialect: PictureDialect = {
  ...nexusDialect,
  module: __filename,
  name: 'pictureDialect',
  media: (target) => (takesPictures(target) ? PICTURE_MEDIA : undefined),
  decode(body, { inputs: [input] }) {
    if (body.length === 0) throw errors.invalidInput('the body is empty; expected an encoded picture');
    return prediction(input!.name, [body], 'single', undefined);
  },
};

/** Predictions whose body is a form: each of its files is a picture. */
export const formDialect: PictureDialect = {
  ...nexusDialect,
  module: __filename,
  name: 'formDialect',
  media: (target) => (takesPictures(target) ? FORM_MEDIA : undefined),
  async decode(body, { inputs: [input] }) {
    requireFewParts(body);
    const form = await formOf(body);
    const pictures: Uint8Array[] = [];
    let topK: number | undefined;
    for (const [name, value] of form) {
      if (typeof value !== 'string') pictures.push(new Uint8Array(await value.arrayBuffer()));
      else if (name === TOP_K) topK = readTopK(/^\d+$/.test(value) ? Number(value) : value);
      else
        throw errors.invalidInput(
          `the form field '${name.slice(0, 80)}': expected a file or ${TOP_K}, got a text; send the picture as a file, for example curl -F image=@picture.jpg`,
        );
    }
    if (pictures.length === 0)
      throw errors.invalidInput(
        'the form has no file; send the picture as one, for example curl -F image=@picture.jpg',
      );
    return prediction(input!.name, pictures, pictures.length === 1 ? 'single' : 'columns', topK);
  },
};

function takesPictures({ inputs: [input] }: PredictionTarget): boolean {
  return input?.content === 'picture';
}

/** @throws NexusError invalid_input for a form that would take seconds to parse. */
function requireFewParts(body: Buffer): void {
  const boundary = lineOf(body);
  if (boundary === '') return;
  let parts = 0;
  for (let at = 0; at !== -1; at = body.indexOf(boundary, at + boundary.length))
    if (++parts > MAX_PARTS + 1)
      throw errors.invalidInput(`the form has more than ${MAX_PARTS} parts; send fewer pictures per request`);
}

/** The first line of `body`. */
function lineOf(body: Buffer): string {
  return body.toString('latin1', 0, 80).split('\r\n', 1)[0]!;
}

/** The parts of a form. Its first line is the boundary, because the server hides the header from dialects. */
async function formOf(body: Buffer): Promise<FormData> {
  const type = `multipart/form-data; boundary="${lineOf(body).slice(2)}"`;
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  } catch {
    throw errors.invalidInput(
      'the body is not a complete form (multipart/form-data, RFC 7578); send one, for example with curl -F image=@picture.jpg',
    );
  }
}

function prediction(
  name: string,
  pictures: readonly Uint8Array[],
  layout: DecodedPrediction['layout'],
  topK: number | undefined,
): DecodedPrediction {
  const bytes = pictures.reduce((sum, { byteLength }) => sum + LENGTH_BYTES + byteLength, 0);
  const data = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const picture of pictures) {
    data.writeUInt32LE(picture.byteLength, at);
    data.set(picture, at + LENGTH_BYTES);
    at += LENGTH_BYTES + picture.byteLength;
  }
  const input = { name, datatype: 'BYTES', shape: [pictures.length], data } as const;
  return { id: undefined, priority: 0, timeoutMs: undefined, inputs: [input], outputs: [], layout, topK };
}
