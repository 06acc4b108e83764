import { readFileSync } from 'node:fs';
import { DATATYPES, ONNX_NAME, type Datatype } from '../../fixtures/datatypes';
import { affine, dot, identities, lookup } from '../../fixtures/models';
import { fp32, int64, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

/** One input of a sample model with one row. */
interface RowInput {
  readonly name: string;
  readonly datatype: string;
  readonly tail: readonly number[];
  readonly data: readonly unknown[];
}

/** A made-up row of each sample model, as all of its inputs. */
const SAMPLES: Record<string, (row: number) => RowInput[]> = {
  digits: (row) => [
    {
      name: 'image',
      datatype: 'FP32',
      tail: [8, 8],
      data: Array.from({ length: 64 }, (_, pixel) => (row * 7 + pixel * 5) % 17),
    },
  ],
  language: (row) => [
    {
      name: 'text',
      datatype: 'BYTES',
      tail: [],
      data: [['Good morning to you', 'Guten Morgen', 'Bonjour à tous', '😀', ''][row % 5]],
    },
  ],
  'breast-tumor': (row) =>
    ['mean', 'error', 'worst'].map((name, group) => ({
      name,
      datatype: 'FP32',
      tail: [10],
      data: Array.from({ length: 10 }, (_, column) => ((row * 13 + group * 7 + column * 5) % 101) / 3),
    })),
};

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('lookup', lookup())
    .model('dot', dot())
    .model('identities', identities());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

describe('inference', () => {
  it('answers with the outputs, the id, the model and its version', async () => {
    const { status, body, headers } = await gateway.infer('affine', { id: 'one', ...oneRow(1, 2, 3) });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(body).toEqual({
      id: 'one',
      model_name: 'affine',
      model_version: '1',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 3], data: [3, 5, 7] }],
    });
  });

  it('gives each of many clients its own rows, whatever sizes and shapes come together', async () => {
    const answers = await Promise.all(
      // Fewer rows in all than the queue takes at once.
      Array.from({ length: 150 }, async (_, index) => {
        const [rows, width] = [1 + (index % 90), 1 + (index % 3)];
        const data = Array.from({ length: rows * width }, (_unused, element) => index * 1000 + element);
        const { body } = await gateway.infer('affine', {
          inputs: [fp32('x', [rows, width], data)],
        });
        return {
          actual: body,
          expected: { outputs: [{ shape: [rows, width], data: data.map((value) => 2 * value + 1) }] },
        };
      }),
    );
    for (const { actual, expected } of answers) expect(actual).toMatchObject(expected);
    const executions = await gateway.metric('nexus_inference_executions_total{model="affine",version="1"}');
    expect(executions).toBeLessThan(((1 + 90) * 100) / 64 + 200);
  });

  it('fails only the guilty request of those that share a run', async () => {
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        gateway.infer('lookup', {
          inputs: [int64('index', [1], [index === 13 ? 99 : index % 10])],
        }),
      ),
    );
    answers.forEach(({ status, body }, index) => {
      if (index === 13) {
        expect(status).toBe(400);
        expect(body.error).toMatch(/cannot run this input: .*idx=99 must be within/);
      } else {
        expect(body.outputs[0].data).toEqual([(index % 10) * 10]);
      }
    });
  });

  it('serves models with fixed shapes and several inputs one request at a time', async () => {
    const inputs = [fp32('b', [3], [4, 5, 6]), fp32('a', [3], [1, 2, 3])];
    const { body } = await gateway.infer('dot', { inputs });
    expect(body.outputs).toEqual([{ name: 'product', datatype: 'FP32', shape: [], data: [32] }]);
  });

  it('carries every datatype there and back, in JSON and as bytes', async () => {
    const values: Record<Datatype, unknown[]> = {
      BOOL: [true, false],
      UINT8: [0, 255],
      UINT16: [0, 65535],
      UINT32: [0, 4294967295],
      UINT64: [0, 9007199254740991],
      INT8: [-128, 127],
      INT16: [-32768, 32767],
      INT32: [-2147483648, 2147483647],
      INT64: [-9007199254740991, 9007199254740991],
      FP16: [-65504, 0.5],
      FP32: ['NaN', '-Infinity'],
      FP64: [0.1, 1e300],
      BYTES: ['', 'grün 😀'],
    };
    const inputs = DATATYPES.map((datatype) => ({
      name: `in_${ONNX_NAME[datatype]}`,
      datatype,
      shape: [1, 2],
      data: values[datatype],
    }));
    const { body } = await gateway.infer('identities', { inputs });
    expect(body.outputs.map(({ name, datatype, data }: never) => [name, datatype, data])).toEqual(
      DATATYPES.map((datatype) => [`out_${ONNX_NAME[datatype]}`, datatype, values[datatype]]),
    );
  });

  it('keeps integers beyond 2^53 exact', async () => {
    const special: Partial<Record<Datatype, string>> = {
      BOOL: 'true',
      BYTES: '""',
      UINT64: '18446744073709551615',
      INT64: '-9223372036854775808',
    };
    const text = DATATYPES.map((datatype) => {
      const data = special[datatype] ?? '1';
      return `{"name":"in_${ONNX_NAME[datatype]}","datatype":"${datatype}","shape":[1,1],"data":[${data}]}`;
    });
    const outputs = '[{"name":"out_UINT64"},{"name":"out_INT64"}]';
    const response = await gateway.fetch('/v2/models/identities/infer', {
      method: 'POST',
      body: `{"inputs":[${text.join()}],"outputs":${outputs}}`,
    });
    const answer = await response.text();
    expect(answer).toContain('[18446744073709551615]');
    expect(answer).toContain('[-9223372036854775808]');
  });

  it('serves empty batches and large answers', async () => {
    const none = await gateway.infer('affine', { inputs: [fp32('x', [0, 3], [])] });
    expect(none.body.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [0, 3], data: [] }]);
    const data = Array.from({ length: 300_000 }, (_, index) => index);
    const { body } = await gateway.infer('affine', { inputs: [fp32('x', [1000, 300], data)] });
    expect(body.outputs[0].data).toEqual(data.map((value) => 2 * value + 1));
  });
});

describe('the sample models', () => {
  let samples: Gateway;
  beforeAll(async () => (samples = await Gateway.start('./models')));
  afterAll(() => samples.stop());

  it.each(Object.keys(SAMPLES))('%s: batched answers equal single answers to the bit', async (model) => {
    const send = async (rows: number[]) => {
      const parts = rows.map(SAMPLES[model]!);
      const inputs = parts[0]!.map(({ name, datatype, tail }, index) => ({
        name,
        datatype,
        shape: [rows.length, ...tail],
        data: parts.flatMap((part) => part[index]!.data),
      }));
      const { status, body } = await samples.infer(model, { inputs });
      expect(status).toBe(200);
      return body.outputs as { data: unknown[] }[];
    };
    const rows = Array.from({ length: 64 }, (_, index) => index);
    const together = await send(rows);
    const atOnce = await Promise.all(rows.map((index) => send([index])));
    const alone: { data: unknown[] }[][] = [];
    for (const index of rows) alone.push(await send([index]));
    expect(atOnce).toEqual(alone);
    together.forEach(({ data }, output) =>
      expect(alone.flatMap((outputs) => outputs[output]!.data)).toEqual(data),
    );
  });

  it('answers the examples of the README and docs, the first one with a seven', async () => {
    const text = ['README.md', 'docs/clients.md'].map((page) => readFileSync(page, 'utf8')).join('');
    const examples = [...text.matchAll(/curl http:\/\/127\.0\.0\.1:8000(\S+) -d '([^']+)'/g)];
    expect(examples.length).toBeGreaterThanOrEqual(5);
    const answers = await Promise.all(
      examples.map(([, path, body]) => samples.send(path!, { method: 'POST', body: body! })),
    );
    expect(answers.map(({ status }) => status)).toEqual(examples.map(() => 200));
    expect(answers[0]!.json().outputs).toEqual({ label: 7 });
  });
});
