import { readFile } from 'node:fs/promises';
import type { ModelDetails } from '../../rest/models/models.dto';
import type { SignatureTensor, VersionDetails } from '../../rest/models/version-details.dto';
import { isDatatype, type Shape } from '../../tensor/tensor';
import { CommandError, usageError } from '../command-error';
import type { GatewayClient } from '../gateway-client';
import { loadedVersion } from '../loaded-version';
import { plural } from '../numbers';
import { drawnPictures } from './pictures';
import type { Payload } from './sender';
import { binaryBody, tensorFor, type ExampleValue, type InputPlan } from './tensors';
import { TEXTS } from './texts';

/** Different requests of a load at most, and their bytes together. */
const MOST_PAYLOADS = 16;
const MOST_BYTES = 64 * 1024 * 1024;

/** What the requests of a load contain. */
export interface PayloadOptions {
  readonly model: string;
  /** Rows of each request. */
  readonly rows: number;
  /** Dimensions of one row by input, for inputs whose dimensions are variable. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** File with the body of a request, or a list of bodies. */
  readonly data?: string | undefined;
}

/** The requests of a load. */
export interface Payloads {
  readonly list: readonly Payload[];
  /** What they are, for people. */
  readonly form: string;
}

/** Makes the requests of a load from the signature of the model, or reads them from a file. @throws CommandError */
export async function payloadsFor(
  gateway: GatewayClient,
  details: ModelDetails,
  options: PayloadOptions,
): Promise<Payloads> {
  if (options.data !== undefined) return fromFile(options.data, options.model, details);
  const version = loadedVersion(details);
  if (version === undefined)
    throw new CommandError(
      `no version of ${options.model} has a signature: ${reasonOf(details)}`,
      `load it with: nexus load ${options.model}, or send your own requests with --data`,
    );
  return version.task === undefined ? ofTensors(gateway, version, options) : ofTask(version, options);
}

function reasonOf({ versions }: ModelDetails): string {
  const last = versions.at(-1);
  if (last === undefined) return 'it has no versions';
  return last.reason === '' ? `it is ${last.state}` : last.reason;
}

/** Requests of predict with texts or pictures, as most clients of such models send them. */
async function ofTask(
  { signature, task }: VersionDetails,
  { model, rows }: PayloadOptions,
): Promise<Payloads> {
  const isPicture = task!.picture !== undefined;
  const values: readonly string[] = isPicture
    ? (await drawnPictures(MOST_PAYLOADS)).map((jpeg) => `data:image/jpeg;base64,${jpeg.toString('base64')}`)
    : TEXTS;
  const names = signature!.inputs.map(({ name }) => name);
  return {
    form: `predict, ${plural(rows, isPicture ? 'picture' : 'text')} of JSON per request`,
    list: Array.from(values.keys(), (index) => ({
      path: `/v1/models/${encodeURIComponent(model)}/predict`,
      headers: { 'content-type': 'application/json' },
      rows,
      body: JSON.stringify({
        inputs: Object.fromEntries(
          names.map((name, input) => [
            name,
            Array.from({ length: rows }, (_, row) => values[(index + row + input) % values.length]),
          ]),
        ),
      }),
    })),
  };
}

/** Requests of the Open Inference Protocol V2 with binary tensors. */
async function ofTensors(
  gateway: GatewayClient,
  { signature }: VersionDetails,
  { model, rows, shapes }: PayloadOptions,
): Promise<Payloads> {
  const { inputs } = signature!;
  const batches = inputs.every(({ shape }) => shape[0] === -1);
  if (rows > 1 && !batches) throw usageError(`${model} takes one row per request`, 'omit --rows');
  const unknown = [...shapes.keys()].find((name) => !inputs.some((input) => input.name === name));
  if (unknown !== undefined)
    throw usageError(
      `--shape names ${JSON.stringify(unknown)}, but the inputs are ${inputs.map(({ name }) => name).join(', ')}`,
    );
  const examples = await examplesOf(gateway, model);
  const plans = inputs.map((input) =>
    planOf(input, batches, shapes.get(input.name), examples.get(input.name)),
  );
  const list: Payload[] = [];
  let bytes = 0;
  do {
    const message = binaryBody(plans.map((plan) => tensorFor(plan, rows, Math.random)));
    bytes += message.body.length;
    list.push({ path: `/v2/models/${encodeURIComponent(model)}/infer`, rows, ...message });
  } while (list.length < MOST_PAYLOADS && bytes < MOST_BYTES);
  return { list, form: `V2 with binary tensors, ${plural(rows, 'row')} per request` };
}

/** An input in the example of the documentation. */
interface ExampleInput {
  readonly name: string;
  readonly shape: Shape;
  readonly data: readonly ExampleValue[];
}

/** The example of the model by input; empty if the gateway does not show one. */
async function examplesOf(gateway: GatewayClient, model: string): Promise<Map<string, ExampleInput>> {
  try {
    const { inputs } = await gateway.get<{ inputs: readonly ExampleInput[] }>(
      `/docs/examples/${encodeURIComponent(model)}/infer.json`,
    );
    return new Map(inputs.map((input) => [input.name, input]));
  } catch (error) {
    // Such as for a key that may not read the documentation.
    if (error instanceof CommandError) return new Map();
    throw error;
  }
}

function planOf(
  { name, datatype, shape }: SignatureTensor,
  batches: boolean,
  chosen: Shape | undefined,
  example: ExampleInput | undefined,
): InputPlan {
  if (!isDatatype(datatype))
    throw new CommandError(`input ${name}: ${datatype} is not supported`, 'use --data');
  const fixed = batches ? shape.slice(1) : shape;
  if (chosen !== undefined) {
    if (chosen.length !== fixed.length || fixed.some((size, axis) => size >= 0 && size !== chosen[axis]))
      throw usageError(
        `expected --shape ${name}:<dimensions> to match ${JSON.stringify(fixed)}; came ${JSON.stringify(chosen)}`,
      );
    return { name, datatype, batches, shape: chosen };
  }
  const row = batches ? example?.shape.slice(1) : example?.shape;
  const unknown = fixed.findIndex((size) => size < 0);
  if (row === undefined && unknown !== -1)
    throw usageError(
      `input ${name} has variable dimensions: ${JSON.stringify(fixed)}`,
      `set them with --shape ${name}:${fixed.map((size) => (size < 0 ? 64 : size)).join(',')}`,
    );
  // An example of zeros is one that the gateway made up.
  const isReal = example?.data.some((value) => value !== 0 && value !== false && value !== 'text') ?? false;
  return { name, datatype, batches, shape: row ?? fixed, ...(isReal ? { example: example!.data } : {}) };
}

async function fromFile(file: string, model: string, details: ModelDetails): Promise<Payloads> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw usageError(`cannot read ${file}: ${(error as Error).message}`);
  }
  const bodies: readonly unknown[] = Array.isArray(content) ? content : [content];
  const isBody = (body: unknown) => typeof body === 'object' && body !== null && !Array.isArray(body);
  if (bodies.length === 0 || !bodies.every(isBody))
    throw usageError(
      `expected ${file} with the body of a request, or a list of bodies`,
      'such as {"inputs": {"text": ["Hello"]}}',
    );
  const inputs = loadedVersion(details)?.signature?.inputs ?? [];
  const name = encodeURIComponent(model);
  return {
    form: `${plural(bodies.length, 'request')} of ${file}`,
    list: bodies.map((body) => {
      const isV2 = Array.isArray((body as { inputs?: unknown }).inputs);
      return {
        path: isV2 ? `/v2/models/${name}/infer` : `/v1/models/${name}/predict`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        rows: rowsOf(body as RequestBody, inputs),
      };
    }),
  };
}

interface RequestBody {
  readonly instances?: readonly unknown[];
  readonly inputs?: readonly { readonly shape?: Shape }[] | Readonly<Record<string, unknown>>;
}

/** Rows of the request `body`; 1 where it is not clear. */
function rowsOf({ instances, inputs = {} }: RequestBody, signature: readonly SignatureTensor[]): number {
  if (instances !== undefined) return instances.length;
  if (Array.isArray(inputs)) return (inputs as readonly { shape?: Shape }[])[0]?.shape?.[0] ?? 1;
  const [first] = Object.entries(inputs);
  const rank = signature.find(({ name }) => name === first?.[0])?.shape.length;
  return Array.isArray(first?.[1]) && depthOf(first[1]) === rank ? first[1].length : 1;
}

function depthOf(value: unknown): number {
  return Array.isArray(value) ? 1 + depthOf(value[0]) : 0;
}
