import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LoadedModel } from '../../../src/runtime/messages';
import type { Head } from '../../../src/tasks/head';
import {
  encoder,
  halfEncoder,
  sentenceEncoder,
  textClassifier,
  tokenClassifier,
} from '../../fixtures/text-models';

/* Sessions with a head, as runners load them. */

const folder = mkdtempSync(join(tmpdir(), 'nexus-heads-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Loads a model and runs it in a thread, because ONNX Runtime does not know the typed arrays of a test. */
const SCRIPT = `
const { parentPort, workerData } = require('node:worker_threads');
Reflect.deleteProperty(globalThis, 'Float16Array');
const { Tensor } = require('onnxruntime-node');
const { loadSession } = require(workerData.session);
const ids = (rows) => new Tensor('int64', BigInt64Array.from(rows.flat().map(BigInt)), [rows.length, rows[0].length]);
loadSession(workerData.message).then(async ({ model, run, release }) => {
  const known = { input_ids: workerData.ids, attention_mask: workerData.mask, token_type_ids: workerData.ids.map((row) => row.map(() => 0)) };
  const feeds = Object.fromEntries(model.inputs.map(({ name }) => [name, ids(known[name])]));
  const outputs = await run(feeds, [...model.outputs, ...model.extraOutputs].map(({ name }) => name));
  const found = Object.entries(outputs).map(([name, { type, dims, data }]) => [name, { type, dims, data: Array.from(data, Number) }]);
  await release();
  parentPort.postMessage({ model, outputs: Object.fromEntries(found) });
}).catch((error) => parentPort.postMessage({ refusal: error.message }));
`;

interface Outcome {
  readonly model: LoadedModel;
  readonly outputs: Readonly<
    Record<string, { readonly type: string; readonly dims: number[]; readonly data: number[] }>
  >;
  /** Why the model was not loaded. */
  readonly refusal?: string;
}

/** Two texts, of three tokens and of two. */
const IDS = [
  [2, 3, 4],
  [5, 7, 0],
];
const MASK = [
  [1, 1, 1],
  [1, 1, 0],
];

async function load(bytes: Uint8Array, head?: Head): Promise<Outcome> {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  const message = { path, root: folder, device: 'cpu', threads: 1, batching: 'tried', digests: false, head };
  const session = resolve('dist/runtime/runner/session.js');
  const worker = new Worker(SCRIPT, {
    eval: true,
    workerData: { session, message, ids: IDS, mask: MASK },
  });
  try {
    return await new Promise<Outcome>((done, fail) => worker.once('message', done).once('error', fail));
  } finally {
    await worker.terminate();
  }
}

const mean: Head = { kind: 'embedding', pooling: ['mean'], normalize: false };
const near = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 4) as number);

describe('a head', () => {
  it('pools the tokens that the mask leaves', async () => {
    const { model, outputs } = await load(encoder(), mean);
    expect(model).toMatchObject({
      outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 2] }],
      extraOutputs: [{ name: 'token_embeddings', datatype: 'FP32', shape: [-1, -1, 2] }],
      unbatchable: '',
      unpaddable: '',
    });
    // The sums are [9, 3] and [12, 2], and each token adds itself.
    expect(outputs.embedding).toEqual({ type: 'float32', dims: [2, 2], data: near([12, 4, 18, 3]) });
    expect(outputs.token_embeddings).toMatchObject({ dims: [2, 3, 2] });
    expect(outputs.token_embeddings!.data.slice(6, 10)).toEqual([17, 3, 19, 3]);
  });

  it('normalises last, after several poolings, and reads half floats', async () => {
    const head: Head = { kind: 'embedding', pooling: ['cls', 'last_token'], normalize: true };
    const { model, outputs } = await load(halfEncoder(), head);
    expect(model.outputs).toEqual([{ name: 'embedding', datatype: 'FP32', shape: [-1, 4] }]);
    const unit = (vector: number[]) => vector.map((number) => number / Math.hypot(...vector));
    expect(outputs.embedding!.data).toEqual(near([...unit([11, 4, 13, 4]), ...unit([17, 3, 19, 3])]));
    expect(outputs.token_embeddings!.type).toBe('float32');
  });

  it('does not pool again what the model has pooled', async () => {
    const plain = await load(sentenceEncoder(), mean);
    expect(plain.outputs.embedding!.data).toEqual([9, 3, 12, 2]);
    const { outputs } = await load(sentenceEncoder(), { kind: 'embedding', pooling: [], normalize: true });
    expect(outputs.embedding!.data.slice(0, 2)).toEqual(near([9 / Math.hypot(9, 3), 3 / Math.hypot(9, 3)]));
  });

  it('returns vectors of tokens', async () => {
    const { model, outputs } = await load(encoder(), { kind: 'token_embedding' });
    expect([model.outputs, model.extraOutputs]).toEqual([
      [{ name: 'token_embeddings', datatype: 'FP32', shape: [-1, -1, 2] }],
      [],
    ]);
    expect(outputs.token_embeddings!.dims).toEqual([2, 3, 2]);
  });

  it('weighs the words of a vocabulary', async () => {
    const { outputs } = await load(tokenClassifier(), { kind: 'sparse_embedding' });
    expect(outputs.embedding).toMatchObject({
      dims: [2, 2],
      data: near([5, 2, 8, 2].map((sum) => Math.log(sum))),
    });
  });

  it('scores the classes of texts', async () => {
    const { model, outputs } = await load(textClassifier(), {
      kind: 'classification',
      activation: 'softmax',
    });
    expect(model).toMatchObject({ unbatchable: '', unpaddable: '', extraOutputs: [{ name: 'logits' }] });
    const best = [9 - 3, 12 - 2].map((ahead) => 1 / (1 + Math.exp(-ahead)));
    expect(outputs.scores!.data).toEqual(near(best.flatMap((score) => [score, 1 - score])));
    expect(outputs.logits!.data).toEqual([9, 3, 12, 2]);
  });

  it('scores the classes of tokens', async () => {
    const { model, outputs } = await load(tokenClassifier(), {
      kind: 'token_classification',
      activation: 'none',
    });
    expect(model.outputs).toEqual([
      { name: 'labels', datatype: 'INT64', shape: [-1, -1] },
      { name: 'scores', datatype: 'FP32', shape: [-1, -1] },
    ]);
    expect(outputs.labels).toEqual({ type: 'int64', dims: [2, 3], data: [0, 0, 0, 0, 0, 1] });
    expect(outputs.scores!.data).toEqual([2, 3, 4, 5, 7, 1]);
  });

  it.each<[string, Uint8Array, Head, string]>([
    [
      'a classifier as an embedder',
      textClassifier(),
      mean,
      "the task needs an output of 3 dimensions for embedding, such as 'last_hidden_state'; the model has 'logits' FP32 [-1, 2]",
    ],
    [
      'an encoder without a pooling',
      encoder(),
      { kind: 'embedding', pooling: [], normalize: true },
      "the task needs an output of 2 dimensions for embedding, such as 'sentence_embedding', or a pooling; the model has 'last_hidden_state' FP32 [-1, -1, 2]",
    ],
    [
      'an encoder as a classifier',
      encoder(),
      { kind: 'classification', activation: 'sigmoid' },
      "the task needs an output of 2 dimensions for classification, such as 'logits'; the model has 'last_hidden_state' FP32 [-1, -1, 2]",
    ],
  ])('does not fit %s', async (_, bytes, head, refusal) => {
    expect(await load(bytes, head)).toEqual({ refusal });
  });
});

describe('texts of different lengths', () => {
  it.each<[string, Uint8Array, Partial<LoadedModel>]>([
    [
      'are not padded if the model does not obey the mask',
      encoder({ attention: 'careless' }),
      { unbatchable: '', unpaddable: "padding a text changes its output 'embedding'" },
    ],
    [
      'are not padded without a mask',
      encoder({ attention: 'careless', inputs: ['input_ids'] }),
      { unbatchable: '', unpaddable: "the model has no input 'attention_mask'" },
    ],
    [
      'are not padded if the model has a fixed length',
      encoder({ length: 3 }),
      { unbatchable: '', unpaddable: "the input 'input_ids' has no variable length" },
    ],
    [
      'share no run in a model that is quantised dynamically',
      encoder({ attention: 'quantized' }),
      {
        unbatchable: 'the operator DynamicQuantizeLinear combines rows',
        unpaddable: 'the operator DynamicQuantizeLinear combines rows',
      },
    ],
  ])('%s', async (_, bytes, verdict) => {
    expect((await load(bytes, mean)).model).toMatchObject(verdict);
  });

  it('are nothing to a model without a head', async () => {
    const { model, outputs } = await load(encoder({ attention: 'careless' }));
    expect(model).toMatchObject({ unbatchable: '', unpaddable: '', extraOutputs: [] });
    expect(Object.keys(outputs)).toEqual(['last_hidden_state']);
  });
});
