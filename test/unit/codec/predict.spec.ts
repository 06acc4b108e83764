import fc from 'fast-check';
import { decodePrediction } from '../../../src/rest/predict/decode';
import { encodePrediction } from '../../../src/rest/predict/encode';
import type { Layout, PredictionAnswer } from '../../../src/rest/predict/messages';
import type { Tensor, TensorSpec } from '../../../src/tensor/tensor';
import { anyTensor, DATATYPES, tensorOf, withOneNaN } from './tensors';

const bodyOf = (text: string) => Buffer.from(text);
const decode = (body: unknown, inputs: readonly TensorSpec[], batches = true) =>
  decodePrediction(bodyOf(JSON.stringify(body)), { form: 'nexus', inputs, tensorInputs: [], batches });

const ANSWER = { model: 'm', version: '1', form: 'nexus', batches: true, json: [], softmax: [] } as const;

/** The JSON of `outputs` as a prediction has them. */
const encoded = (outputs: readonly Tensor[], layout: Layout) =>
  encodePrediction({ ...ANSWER, id: undefined, outputs, layout, topK: 0, labels: {} }).json as string;

/** A tensor of any datatype with 2 x 3 elements to the row. */
const block = fc.constantFrom(...DATATYPES).chain((datatype) =>
  fc.integer({ min: 1, max: 3 }).chain((rows) =>
    anyTensor(datatype, { minLength: rows * 6, maxLength: rows * 6 }).map((tensor) => ({
      ...tensor,
      shape: [rows, 2, 3],
    })),
  ),
);

describe('a tensor in a prediction', () => {
  const spec = ({ name, datatype }: Tensor, shape: readonly number[]) => ({ name, datatype, shape });

  it('is the same when the outputs are sent back as inputs, whatever its values', () => {
    fc.assert(
      fc.property(block, fc.constantFrom([-1, 2, 3], [-1, -1, -1]), (tensor, shape) => {
        const body = encoded([tensor], 'columns').replace('"outputs"', '"inputs"');
        const { inputs } = JSON.parse(body) as { inputs: object };
        expect(inputs).toHaveProperty('x');
        const text = `{"inputs":${body.slice(body.indexOf('"inputs":') + 9)}`;
        const decoded = decodePrediction(bodyOf(text), {
          form: 'nexus',
          inputs: [spec(tensor, shape)],
          tensorInputs: [],
          batches: true,
        });
        expect(decoded.layout).toBe('columns');
        expect(decoded.inputs.map(withOneNaN)).toEqual([withOneNaN(tensor)]);
      }),
    );
  });

  it('is the same when the rows are sent back as instances', () => {
    fc.assert(
      fc.property(block, (tensor) => {
        const text = encoded([tensor], 'rows');
        const instances = text.slice(text.indexOf('"predictions":') + 14);
        const body = bodyOf(`{"instances":${instances}`);
        const decoded = decodePrediction(body, {
          form: 'nexus',
          inputs: [spec(tensor, [-1, 2, -1])],
          tensorInputs: [],
          batches: true,
        });
        expect(decoded.layout).toBe('rows');
        expect(decoded.inputs.map(withOneNaN)).toEqual([withOneNaN(tensor)]);
      }),
    );
  });
});

const IMAGE: TensorSpec = { name: 'image', datatype: 'FP32', shape: [-1, 2, 2] };
const COUNT: TensorSpec = { name: 'count', datatype: 'INT64', shape: [-1] };
const TEXT: TensorSpec = { name: 'text', datatype: 'BYTES', shape: [-1, -1] };
const SCALAR: TensorSpec = { name: 'at', datatype: 'FP32', shape: [] };
const SQUARE = [
  [1, 2],
  [3, 4],
];

describe('the layout of a prediction', () => {
  it.each<[string, unknown, readonly TensorSpec[], Layout, readonly (readonly number[])[]]>([
    ['rows by name', { inputs: { image: [SQUARE, SQUARE] } }, [IMAGE], 'columns', [[2, 2, 2]]],
    ['a single item', { inputs: { image: SQUARE } }, [IMAGE], 'single', [[1, 2, 2]]],
    ['a single value', { inputs: { count: 3 } }, [COUNT], 'single', [[1]]],
    ['several inputs', { inputs: { count: 3, image: SQUARE } }, [IMAGE, COUNT], 'single', [[1, 2, 2], [1]]],
    ['instances', { instances: [{ image: SQUARE, count: 1 }] }, [IMAGE, COUNT], 'rows', [[1, 2, 2], [1]]],
    ['instances without a name', { instances: [1, 2, 3] }, [COUNT], 'rows', [[3]]],
    ['bytes without a name', { instances: [[{ b64: 'YQ==' }]] }, [TEXT], 'rows', [[1, 1]]],
    ['no items', { inputs: { text: [[]] } }, [TEXT], 'columns', [[1, 0]]],
  ])('%s', (_what, body, specs, layout, shapes) => {
    const decoded = decode(body, specs);
    expect(decoded.layout).toBe(layout);
    expect(decoded.inputs.map(({ shape }) => shape)).toEqual(shapes);
  });

  it('is by name, with every dimension, where a model does not batch', () => {
    const { layout, inputs } = decode({ inputs: { at: 1, image: [SQUARE] } }, [SCALAR, IMAGE], false);
    expect(layout).toBe('columns');
    expect(inputs.map(({ shape }) => shape)).toEqual([[], [1, 2, 2]]);
  });
});

const AGE: TensorSpec = { name: 'age', datatype: 'INT64', shape: [-1, 1] };
const CITY: TensorSpec = { name: 'city', datatype: 'BYTES', shape: [-1, 1] };

describe('a column of a table, of shape [n,1]', () => {
  it.each<[string, unknown, readonly TensorSpec[], Layout, number]>([
    ['instances of elements', { instances: [{ age: 3, city: 'Rome' }] }, [AGE, CITY], 'rows', 1],
    [
      'instances of both forms',
      {
        instances: [
          { age: 3, city: ['a'] },
          { age: [4], city: 'b' },
        ],
      },
      [AGE, CITY],
      'rows',
      2,
    ],
    ['instances without a name', { instances: [3, [4]] }, [AGE], 'rows', 2],
    ['flat arrays', { inputs: { age: [3, 4], city: ['a', 'b'] } }, [AGE, CITY], 'columns', 2],
    ['one of them flat', { inputs: { age: [3, 4], city: [['a'], ['b']] } }, [AGE, CITY], 'columns', 2],
    ['a flat array of one beside rows', { inputs: { age: [3], city: [['a']] } }, [AGE, CITY], 'columns', 1],
    [
      'a flat array beside another input',
      { inputs: { age: [3], image: [SQUARE] } },
      [AGE, IMAGE],
      'columns',
      1,
    ],
    ['elements, which are one item', { inputs: { age: 3, city: 'a' } }, [AGE, CITY], 'single', 1],
    [
      'arrays of one, which are one item as ever',
      { inputs: { age: [3], city: ['a'] } },
      [AGE, CITY],
      'single',
      1,
    ],
    ['an element beside an item', { inputs: { age: 3, image: SQUARE } }, [AGE, IMAGE], 'single', 1],
  ])('takes %s', (_what, body, specs, layout, rows) => {
    const decoded = decode(body, specs);
    expect(decoded.layout).toBe(layout);
    expect(decoded.inputs[0]).toMatchObject({
      shape: [rows, 1],
      data: tensorOf('INT64', [3n, 4n].slice(0, rows)).data,
    });
    expect(decoded.inputs.map(({ shape }) => shape[0])).toEqual(specs.map(() => rows));
  });

  it('is flat where a model does not batch, too', () => {
    expect(decode({ inputs: { age: [3, 4] } }, [AGE], false).inputs[0]!.shape).toEqual([2, 1]);
  });

  it.each<[unknown, readonly TensorSpec[], string]>([
    [{ inputs: { age: [3, 'x'] } }, [AGE], 'inputs.age[1]: expected an integer'],
    [{ inputs: { age: [[3], ['x']] } }, [AGE], 'inputs.age[1][0]: expected an integer'],
    [{ inputs: { age: [3, [4, 5]] } }, [AGE], 'inputs.age[1]: expected an integer'],
    [{ inputs: { age: 'x' } }, [AGE], 'inputs.age: expected an integer'],
    [{ inputs: { age: [] } }, [AGE], 'inputs.age: expected at least one row'],
    [{ instances: [{ age: 3 }, { age: 'x' }] }, [AGE], 'instances[1].age: expected an integer'],
    [{ instances: [{ age: [3, 4] }] }, [AGE], 'instances[0].age: expected an integer'],
    [{ instances: [3, ['x']] }, [AGE], 'instances[1][0]: expected an integer'],
    [
      { inputs: { age: 3, city: ['a', 'b'] } },
      [AGE, CITY],
      "'age' is a single item, but 'city' is an array of items",
    ],
    [{ inputs: { age: 3 } }, [{ ...AGE, shape: [-1, 2] }], 'inputs.age: expected an array for INT64 [-1,2]'],
  ])('refuses %j', (body, specs, message) => {
    expect(() => decode(body, specs)).toThrow(message);
  });
});

describe('a prediction in the form of TensorFlow Serving', () => {
  const ask = (body: unknown, inputs: readonly TensorSpec[]) =>
    decodePrediction(bodyOf(JSON.stringify(body)), {
      form: 'tensorflow',
      inputs,
      tensorInputs: [],
      batches: true,
    });

  it.each<[string, unknown, readonly TensorSpec[], Layout, readonly number[]]>([
    [
      'rows',
      { instances: [{ count: 1 }, { count: 2 }], signature_name: 'serving_default' },
      [COUNT],
      'rows',
      [2],
    ],
    ['rows without a name', { instances: [SQUARE] }, [IMAGE], 'rows', [1, 2, 2]],
    ['columns', { inputs: { count: [1, 2] } }, [COUNT], 'columns', [2]],
    ['a column without a name', { inputs: [1, 2] }, [COUNT], 'columns', [2]],
    ['a column of a table', { inputs: { age: [3] } }, [AGE], 'columns', [1, 1]],
  ])('has %s', (_what, body, specs, layout, shape) => {
    const decoded = ask(body, specs);
    expect([decoded.layout, decoded.inputs[0]!.shape]).toEqual([layout, shape]);
  });

  it.each<[unknown, string]>([
    [
      { instances: [1], top_k: 1 },
      'top_k: unknown key; the allowed keys are inputs, instances, signature_name',
    ],
    [{ inputs: { count: 1 } }, 'inputs.count: expected an array for INT64 [-1], got 1'],
    [
      { instances: [1], signature_name: 'train' },
      'signature_name: expected "serving_default", the only signature',
    ],
  ])('refuses %j', (body, message) => {
    expect(() => ask(body, [COUNT])).toThrow(message);
  });

  it.each<[Layout, number, unknown]>([
    ['rows', 1, { predictions: [1, 2] }],
    [
      'rows',
      2,
      {
        predictions: [
          { a: 1, b: 1 },
          { a: 2, b: 2 },
        ],
      },
    ],
    ['columns', 1, { outputs: [1, 2] }],
    ['columns', 2, { outputs: { a: [1, 2], b: [1, 2] } }],
  ])('is answered %s by %d outputs', (layout, count, answer) => {
    const outputs = ['a', 'b']
      .slice(0, count)
      .map((name) => ({ ...tensorOf('INT8', [1, 2]), name, shape: [2] }));
    const response = {
      ...ANSWER,
      id: undefined,
      form: 'tensorflow',
      outputs,
      layout,
      topK: 1,
      labels: {},
    } as const;
    expect(JSON.parse(encodePrediction(response).json as string)).toEqual(answer);
  });
});

describe('what else a request says', () => {
  it('is read with it', () => {
    const body = { inputs: { count: [1] }, outputs: ['a', 'b'], top_k: 0, id: 'mine' };
    expect(decode(body, [COUNT])).toMatchObject({
      id: 'mine',
      outputs: [{ name: 'a' }, { name: 'b' }],
      topK: 0,
    });
    expect(decode({ inputs: { count: [1] } }, [COUNT])).toMatchObject({ outputs: [], topK: undefined });
  });

  it('may have integers that JSON.parse would change', () => {
    const { inputs } = decodePrediction(bodyOf('{"inputs":{"count":[9223372036854775807]}}'), {
      form: 'nexus',
      inputs: [COUNT],
      tensorInputs: [],
      batches: true,
    });
    expect(inputs[0]!.data).toEqual(tensorOf('INT64', [2n ** 63n - 1n]).data);
  });
});

describe('a prediction is refused', () => {
  it.each<[unknown, readonly TensorSpec[], string]>([
    [[], [COUNT], 'the body: expected a JSON object, got an empty array'],
    [{}, [COUNT], 'expected either inputs or instances, got neither'],
    [{ inputs: {}, instances: [] }, [COUNT], 'expected either inputs or instances, got both'],
    [
      { inputs: {}, input: 1 },
      [COUNT],
      'input: unknown key; the allowed keys are inputs, instances, outputs, top_k, parameters, id',
    ],
    [{ inputs: {} }, [COUNT], 'inputs.count: expected the input, INT64 [-1], got nothing'],
    [
      { inputs: { count: 1, 'a b': 2 } },
      [COUNT],
      `inputs["a b"]: unknown input; the model takes 'count' (INT64 [-1])`,
    ],
    [{ inputs: { count: [1.5] } }, [COUNT], 'inputs.count[0]: expected an integer from'],
    [{ inputs: { count: 1.5 } }, [COUNT], 'inputs.count: expected an integer from'],
    [{ inputs: { count: [[1]] } }, [COUNT], 'inputs.count[0]: expected an integer from'],
    [
      { inputs: { image: [[1, 2], [3]] } },
      [IMAGE],
      'inputs.image[1]: expected an array of 2 for FP32 [-1,2,2]',
    ],
    [
      { inputs: { image: [[[1, 2], 3]] } },
      [IMAGE],
      'inputs.image[0][1]: expected an array for FP32 [-1,2,2], got 3',
    ],
    [{ inputs: { image: 'x' } }, [IMAGE], 'inputs.image: expected an array for FP32 [-1,2,2], got "x"'],
    [
      { inputs: { text: [['a'], ['a', 'b']] } },
      [TEXT],
      'inputs.text[1]: expected an array of 1 like the one before it, got an array of 2',
    ],
    [
      { inputs: { image: SQUARE, count: [1] } },
      [IMAGE, COUNT],
      "inputs: 'image' is a single item, but 'count' is an array of items; send both in the same form",
    ],
    [{ inputs: { image: [] } }, [IMAGE], 'inputs.image: expected at least one row, got an empty array'],
    [{ instances: [] }, [COUNT], 'instances: expected at least one instance, got an empty array'],
    [{ instances: {} }, [COUNT], 'instances: expected an array, got an object'],
    [{ instances: [1, 'x'] }, [COUNT], 'instances[1]: expected an integer from'],
    [{ instances: [{ count: 1 }, 2] }, [COUNT], 'instances[1]: expected a JSON object, got 2'],
    [{ instances: [{ count: 1 }, {}] }, [COUNT], 'instances[1].count: expected the input'],
    [
      { instances: [{ image: SQUARE, count: 'x' }] },
      [IMAGE, COUNT],
      'instances[0].count: expected an integer',
    ],
    [
      {
        instances: [
          {
            image: [
              [1, 2],
              [3, 'x'],
            ],
          },
        ],
      },
      [IMAGE],
      'instances[0].image[1][1]: expected a number',
    ],
    [
      { inputs: { text: [[{ b64: 'a' }]] } },
      [TEXT],
      'inputs.text[0][0].b64: expected base64 of text in UTF-8',
    ],
    [
      { inputs: { text: [[{ b64: '/w==' }]] } },
      [TEXT],
      'inputs.text[0][0].b64: expected base64 of text in UTF-8',
    ],
    [{ inputs: { count: [1] }, outputs: ['a', 'a'] }, [COUNT], 'outputs[1]: expected unique names'],
    [{ inputs: { count: [1] }, top_k: -1 }, [COUNT], 'top_k: expected a whole number from 0 to 1000, got -1'],
  ])('%j', (body, specs, message) => {
    expect(() => decode(body, specs)).toThrow(message);
  });

  it('row by row where a model does not batch', () => {
    expect(() => decode({ instances: [] }, [SCALAR], false)).toThrow(
      'instances: the model does not batch rows',
    );
  });
});

describe('the classes of a prediction', () => {
  const outputs = [{ ...tensorOf('FP32', [0.5, NaN, 0.25, 0, 1, 2]), name: 'p', shape: [2, 3] }];
  const labels = { p: ['a', 'b', 'c'] };
  const classes = (
    layout: Layout,
    topK: number | undefined,
    tensors: readonly Tensor[] = outputs,
    more: Partial<PredictionAnswer> = {},
  ) =>
    JSON.parse(
      encodePrediction({ ...ANSWER, id: 'i', outputs: tensors, layout, topK, labels, ...more })
        .json as string,
    );

  it('are the largest of each row, NaN last', () => {
    expect(classes('columns', 2).classes.p).toEqual([
      [
        { label: 'a', score: 0.5 },
        { label: 'c', score: 0.25 },
      ],
      [
        { label: 'c', score: 2 },
        { label: 'b', score: 1 },
      ],
    ]);
    expect(classes('rows', 9).classes.p[0][2]).toEqual({ label: 'b', score: 'NaN' });
  });

  it('are those of the item when it is a single one', () => {
    const one = [{ ...tensorOf('FP32', [1, 2, 3]), name: 'p', shape: [1, 3] }];
    expect(classes('single', 1, one)).toEqual({
      id: 'i',
      model: 'm',
      version: '1',
      outputs: { p: [1, 2, 3] },
      classes: { p: [{ label: 'c', score: 3 }] },
    });
  });

  it('are left out when none are wanted', () => {
    expect(classes('columns', 0)).not.toHaveProperty('classes');
    expect(classes('columns', undefined, outputs, { labels: {} })).not.toHaveProperty('classes');
  });

  it('are told by their indexes where there are no labels, of one vector a row, when they are asked for', () => {
    const others = [
      { ...tensorOf('FP32', [1, 2]), name: 'flat', shape: [2] },
      { ...tensorOf('FP32', [1, 2]), name: 'deep', shape: [2, 1, 1] },
      { ...tensorOf('BOOL', [1, 0]), name: 'flags', shape: [2, 1] },
    ];
    expect(classes('columns', 1, [...outputs, ...others], { labels: {} }).classes).toEqual({
      p: [[{ index: 0, score: 0.5 }], [{ index: 2, score: 2 }]],
    });
    const one = [{ ...tensorOf('INT8', [1, -2, 3]), name: 'p', shape: [3] }];
    expect(classes('columns', 2, one, { labels: {}, batches: false }).classes).toEqual({
      p: [
        { index: 2, score: 3 },
        { index: 0, score: 1 },
      ],
    });
  });

  it('have probabilities for scores where the output is logits, which stays as it is', () => {
    const logits = [
      { ...tensorOf('FP32', [1000, 1000, -1000, 0, Math.log(3), -Infinity]), name: 'p', shape: [2, 3] },
    ];
    const answer = classes('columns', 2, logits, { softmax: ['p'] });
    expect(answer.outputs.p[0]).toEqual([1000, 1000, -1000]);
    expect(answer.classes.p).toEqual([
      [
        { label: 'a', score: 0.5 },
        { label: 'b', score: 0.5 },
      ],
      [
        { label: 'b', score: 0.75 },
        { label: 'a', score: 0.25 },
      ],
    ]);
    expect(classes('columns', undefined, logits, { softmax: ['p'] }).classes.p[0]).toHaveLength(3);
  });
});
