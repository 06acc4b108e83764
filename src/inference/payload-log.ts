import { Injectable, Logger } from '@nestjs/common';
import { bufferOf } from '../common/buffer-of';
import type { Servable } from '../models/model';
import { Log } from '../observability/log/log';
import { quoted } from '../observability/log/log-form';
import type { PayloadLogSettings } from '../repository/model-settings';
import { formatOfHead } from '../tasks/pictures/encoded-picture';
import { LENGTH_BYTES } from '../tensor/elements';
import { ELEMENT_BYTES, elementCount, type Tensor } from '../tensor/tensor';
import { typedView } from '../tensor/typed-arrays';

/** Maximum number of lines that this process writes in a second, for all models together. */
const LINES_PER_SECOND = 10;

/** Default of `max_bytes`. */
const MAX_BYTES = 2048;

/**
 * The payload log: lines with the inputs and outputs of some successful requests, for models whose model.yaml has
 * `payload_log`. Only the files of the repository can turn it on; see docs/operations.md.
 */
@Injectable()
export class PayloadLog {
  private readonly logger = new Logger('Models');
  /** Settings that have been checked, and whether they fit the model. */
  private readonly checked = new WeakMap<PayloadLogSettings, boolean>();
  private second = 0;
  private written = 0;
  private dropped = 0;

  constructor(private readonly log: Log) {}

  /**
   * Writes a line for a request to `servable`, if its settings ask for it and the sample selects the request.
   * @param inputs as the client sent them, before they are prepared for the model.
   */
  write(
    servable: Servable,
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    requestId: string | undefined,
  ): void {
    const settings = servable.options.settings.payload_log;
    if (settings === undefined || Math.random() >= settings.sample) return;
    if (!this.log.logger.isLevelEnabled('info') || !this.fits(servable, settings)) return;
    if (!this.admits()) return;
    const { name, version } = servable;
    let line = `"msg":"payload","requestId":${quoted(requestId ?? '')},"model":${quoted(name)},"version":${quoted(version)}`;
    if (settings.sample < 1) line += `,"sample":${settings.sample}`;
    if (this.dropped > 0) line += `,"dropped":${this.dropped}`;
    this.dropped = 0;
    try {
      this.log.write('info', line + tensorMembers(inputs, outputs, servable, settings));
    } catch (error) {
      // The request has succeeded.
      this.logger.error({ msg: `cannot log the payload of ${name}/${version}`, err: error });
    }
  }

  /** Whether a line may be written in this second. */
  private admits(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) this.written = 0;
    this.second = second;
    if (this.written++ < LINES_PER_SECOND) return true;
    this.dropped += 1;
    return false;
  }

  /** Whether `redact` contains only names of the model: a misspelled name would not be left out. */
  private fits({ name, version, signature }: Servable, settings: PayloadLogSettings): boolean {
    const known = this.checked.get(settings);
    if (known !== undefined) return known;
    const { inputs, tensorInputs, outputs, extraOutputs } = signature;
    const names = [...inputs, ...tensorInputs, ...outputs, ...extraOutputs].map((spec) => spec.name);
    const unknown = settings.redact?.find((redacted) => !names.includes(redacted));
    if (unknown !== undefined)
      this.logger.error(
        `${name}/${version}: no payloads are logged, because payload_log.redact names '${unknown}', which is not an input or output of the model; use ${names.join(', ')}`,
      );
    this.checked.set(settings, unknown === undefined);
    return unknown === undefined;
  }
}

/** The members `inputs` and `outputs`, each with up to half of the bytes of a line. */
function tensorMembers(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  { signature }: Servable,
  { max_bytes: most = MAX_BYTES, redact = [], texts = false }: PayloadLogSettings,
): string {
  const pictures = signature.inputs.filter(({ content }) => content === 'picture').map(({ name }) => name);
  // Tensors that clients can send in place of texts and pictures have the same content.
  const encoded = signature.tensorInputs.map(({ name }) => name);
  const contentOf = ({ name, datatype }: Tensor): Content => {
    if (redact.includes(name)) return 'redacted';
    if (pictures.includes(name)) return 'pictures';
    if (encoded.includes(name)) return 'omitted';
    if (datatype !== 'BYTES') return 'numbers';
    return texts ? 'texts' : 'omitted';
  };
  const half = Math.floor(most / 2);
  return `,"inputs":[${described(inputs, contentOf, half)}],"outputs":[${described(outputs, contentOf, half)}]`;
}

/** Bytes of a `data` member without its elements, and of what follows it. */
const FRAME = 13;

/** How the elements of a tensor are written. */
type Content = 'numbers' | 'texts' | 'pictures' | 'omitted' | 'redacted';

/** `tensors` as JSON objects in at most `budget` bytes. Those that do not fit are left out. */
function described(
  tensors: readonly Tensor[],
  contentOf: (tensor: Tensor) => Content,
  budget: number,
): string {
  const texts: string[] = [];
  let rest = budget;
  for (const [index, tensor] of tensors.entries()) {
    const { name, datatype, shape, data } = tensor;
    const content = contentOf(tensor);
    let text = `{"name":${quoted(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],"bytes":${data.byteLength}`;
    const share = Math.floor(rest / (tensors.length - index)) - Buffer.byteLength(text);
    if (content === 'redacted') text += ',"redacted":true';
    else if (content !== 'omitted' && share > FRAME)
      text += `,"data":[${firstElements(tensor, content, share - FRAME)}]`;
    text += '}';
    rest -= Buffer.byteLength(text) + 1;
    if (rest < 0) break;
    texts.push(text);
  }
  return texts.join(',');
}

/** The first elements of `tensor` as JSON, separated by commas, in at most `budget` bytes. */
function firstElements(tensor: Tensor, content: 'numbers' | 'texts' | 'pictures', budget: number): string {
  const texts: string[] = [];
  let rest = budget;
  for (const element of content === 'numbers' ? numbersOf(tensor, budget) : bytesOf(tensor)) {
    const text =
      typeof element === 'string'
        ? element
        : content === 'texts'
          ? textOf(element, rest)
          : pictureOf(element);
    rest -= Buffer.byteLength(text) + 1;
    if (rest < 0) break;
    texts.push(text);
  }
  return texts.join(',');
}

/** As many elements as can fit into `budget` bytes, as JSON. */
function numbersOf({ datatype, data, shape }: Tensor, budget: number): string[] {
  if (datatype === 'BYTES') return [];
  const size = ELEMENT_BYTES[datatype];
  const count = Math.min(elementCount(shape), Math.max(0, Math.ceil(budget / 2)), data.byteLength / size);
  const values = typedView(data.subarray(0, count * size), datatype);
  return Array.from(values as ArrayLike<number | bigint>, (value) => {
    if (datatype === 'BOOL') return String(value === 1);
    if (typeof value === 'bigint' || Number.isInteger(value)) return String(value);
    if (!Number.isFinite(value)) return `"${value}"`;
    return String(datatype === 'FP64' ? value : Number(value.toPrecision(datatype === 'FP16' ? 4 : 7)));
  });
}

/** The elements of a BYTES tensor. */
function* bytesOf({ data }: Tensor): Generator<Buffer> {
  const bytes = bufferOf(data);
  for (let at = 0; at + LENGTH_BYTES <= bytes.length;) {
    const start = at + LENGTH_BYTES;
    at = start + bytes.readUInt32LE(at);
    yield bytes.subarray(start, at);
  }
}

/** The text `bytes` as JSON in about `budget` bytes; three dots replace the rest of a longer text. */
function textOf(bytes: Buffer, budget: number): string {
  const whole = bytes.length <= budget ? quoted(bytes.toString()) : '';
  if (whole !== '' && Buffer.byteLength(whole) < budget) return whole;
  // Escapes take up to six bytes for one.
  let length = Math.max(0, Math.min(bytes.length, budget - 6));
  for (;;) {
    const text = quoted(`${bytes.toString('utf8', 0, length).replace(/\ufffd+$/, '')}...`);
    if (length === 0 || Buffer.byteLength(text) < budget) return text;
    length = Math.floor(length / 2);
  }
}

/** The size, as it was sent, and the media type of a picture. */
function pictureOf(sent: Buffer): string {
  return `{"bytes":${sent.length},"media_type":"image/${formatOfHead(sent)?.toLowerCase()}"}`;
}
