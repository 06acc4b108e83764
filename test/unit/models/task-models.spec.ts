import { PreparedTask, type Converters } from '../../../src/models/task/prepared-task';
import type { LoadedModel } from '../../../src/runtime/messages';
import type { Job, JobResult } from '../../../src/scheduling/job';
import type { TaskDefinition } from '../../../src/tasks/task-definition';
import type { Encodings } from '../../../src/tasks/text/tokenizer';
import { encodeStrings } from '../../../src/tensor/elements';
import type { TensorSpec } from '../../../src/tensor/tensor';

const TEXT = {
  tokenizer: '',
  maxTokens: 512,
  truncationSide: 'right',
  padId: 0,
  lowerCase: false,
  prompts: {},
  defaultPrompt: undefined,
  acceptsTokenIds: false,
} as const;

const DEFINITION: TaskDefinition = {
  name: 'embedding',
  text: TEXT,
  picture: undefined,
  pooling: ['mean'],
  normalize: false,
  dimensions: [],
  activation: 'none',
  labels: undefined,
};

const PICTURE = {
  ...DEFINITION,
  name: 'image_classification',
  text: undefined,
  picture: {},
} as TaskDefinition;

const IDS: TensorSpec = { name: 'input_ids', datatype: 'INT64', shape: [-1, -1] };

/** Reads each text as 512 tokens, and each picture as one of its index in height. */
const CONVERTERS = {
  tokenizers: {
    load: async () => ({
      encode: async (texts: readonly string[]): Promise<Encodings> => ({
        lengths: new Int32Array(texts.length).fill(512),
        ids: new Int32Array(texts.length * 512),
        typeIds: new Uint8Array(texts.length * 512),
        offsets: undefined,
      }),
    }),
  },
  pictures: {
    prepare: async (pictures: readonly Uint8Array[]) =>
      pictures.map((_, index) => ({ shape: [3, index + 1, 1], data: new Uint8Array(12 * (index + 1)) })),
  },
} as unknown as Converters;

async function served(definition: TaskDefinition, model: Partial<LoadedModel>) {
  const prepared = await PreparedTask.load(definition, CONVERTERS);
  return prepared.bind({ extraOutputs: [], unpaddable: '', ...model } as LoadedModel);
}

function jobOf(name: string, texts: readonly string[], outputs: readonly string[]): Job {
  const data = encodeStrings([texts]);
  const input = { name, datatype: 'BYTES', shape: [texts.length], data } as const;
  const rows = texts.length;
  return {
    inputs: [input],
    outputs,
    rows,
    byteLength: data.length,
    shapeKey: '',
    caller: '',
    priority: 0,
    deadline: Infinity,
    abandoned: undefined,
  };
}

const never = () => Promise.reject(new Error('nothing runs'));

it('refuses outputs of many texts that would not fit in memory, before anything runs', async () => {
  const vectors: TensorSpec = { name: 'token_embeddings', datatype: 'FP32', shape: [-1, -1, 384] };
  const task = await served(DEFINITION, {
    inputs: [IDS],
    outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 384] }],
    extraOutputs: [vectors],
  });
  await expect(
    task.run(jobOf('text', Array(86).fill('a'), ['token_embeddings']), never),
  ).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(/limit is 67108864/) });
  await expect(task.run(jobOf('text', Array(85).fill('a'), ['token_embeddings']), never)).rejects.toThrow(
    'nothing runs',
  );
});

it('reads nothing for a request whose deadline has passed', async () => {
  const task = await served(DEFINITION, {
    inputs: [IDS],
    outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 384] }],
  });
  const late = { ...jobOf('text', ['a'], ['embedding']), deadline: performance.now() - 1 };
  await expect(task.run(late, never)).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

it.each([
  [
    'names',
    { name: 'text_classification', labels: ['a', 'b'] },
    3,
    /names 2 classes, but the model returns 3/,
  ],
  [
    'a reranker',
    { name: 'reranking', labels: ['a'] },
    3,
    /reranking returns 1 class, but the model returns 3/,
  ],
] as const)('refuses a model of other classes than %s', async (_what, task, classes, message) => {
  const model = {
    inputs: [IDS],
    outputs: [{ name: 'scores', datatype: 'FP32', shape: [-1, classes] }],
  } as const;
  await expect(served({ ...DEFINITION, ...task }, model)).rejects.toThrow(message);
  await expect(
    served({ ...DEFINITION, ...task }, { ...model, outputs: [{ ...model.outputs[0], shape: [-1, -1] }] }),
  ).resolves.toBeDefined();
});

describe('pictures', () => {
  const input: TensorSpec = { name: 'image', datatype: 'FP32', shape: [-1, 3, -1, -1] };
  const outputs: readonly TensorSpec[] = [{ name: 'map', datatype: 'FP32', shape: [-1, -1] }];
  /** A number for each row of a picture. */
  const run = async ({ inputs: [picture] }: Job): Promise<JobResult> => {
    const height = picture!.shape[2]!;
    const map = {
      name: 'map',
      datatype: 'FP32',
      shape: [1, height],
      data: new Uint8Array(4 * height),
    } as const;
    return { outputs: [map], queueMs: 0, inputMs: 0, runMs: 0, outputMs: 0 };
  };

  it('are told from a tensor of the model with the same name', async () => {
    expect((await served(PICTURE, { inputs: [input], outputs })).signature.tensorInputs).toEqual([]);
    const other = { ...input, name: 'pixel_values' };
    expect((await served(PICTURE, { inputs: [other], outputs })).signature.tensorInputs).toEqual([other]);
  });

  it('whose outputs differ in shape are refused together, and served alone', async () => {
    const task = await served(PICTURE, { inputs: [input], outputs });
    expect((await task.run(jobOf('image', ['a'], ['map']), run)).outputs[0]!.shape).toEqual([1, 1]);
    await expect(task.run(jobOf('image', ['a', 'b'], ['map']), run)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/'map'.*\[1,1\], \[1,2\]/),
    });
  });
});
