import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { camelCase, identifiersOf } from '../../../src/docs/models/identifiers';
import { inferSchemas } from '../../../src/docs/models/infer-schemas';
import { predictSchemas } from '../../../src/docs/models/predict-schemas';
import { NO_TASK } from '../../../src/models/signature';

/** Names that come to the same identifier, or nearly, more often than any text would. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'A', 'b', '1', '-', '.', ' ', 'é'), minLength: 1, maxLength: 4 }),
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom(
    'Infer',
    'infer-request',
    'Predict',
    'v2',
    'Element',
    'ErrorAnswer',
    'a-rows',
    'a rows',
    'a',
  ),
);

/** With a name that is what another is called when its own is taken. */
const names = fc.uniqueArray(name, { maxLength: 20 }).map((some) => {
  const called = [...identifiersOf([...some, 'a b', 'a-b', 'AB']).values()];
  return [...new Set([...some, 'a b', 'a-b', 'AB', ...called])];
});

const signature = {
  ...NO_TASK,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, -1] }],
  outputNames: ['y'],
  labels: {},
  softmax: [],
  hasCommonRows: true,
  batches: true,
} as const;

describe('identifiers of models', () => {
  it('are letters and digits, and differ in more than case', () => {
    fc.assert(
      fc.property(names, (all) => {
        const identifiers = [...identifiersOf(all).values()];
        for (const identifier of identifiers) expect(identifier).toMatch(/^[A-Z][A-Za-z\d]*$/);
        expect(new Set(identifiers.map((each) => each.toLowerCase())).size).toBe(all.length);
        expect(new Set(identifiers.map(camelCase)).size).toBe(all.length);
      }),
    );
  });

  it('are the same in whatever order the names come', () => {
    fc.assert(
      fc.property(
        names.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(Object.fromEntries(identifiersOf(shuffled))).toEqual(Object.fromEntries(identifiersOf(all)));
        },
      ),
    );
  });

  it('name schemas that no other model and no other operation has', () => {
    const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as { components: { schemas: object } };
    const models = /^(?:Digits|BreastTumor|Language)/;
    const others = Object.keys(document.components.schemas).filter((schema) => !models.test(schema));
    fc.assert(
      fc.property(names, (all) => {
        const schemas = [...identifiersOf(all).values()].flatMap((identifier) => [
          ...Object.keys(predictSchemas(signature, identifier)),
          ...Object.keys(inferSchemas(signature, identifier)),
        ]);
        expect(new Set([...schemas, ...others]).size).toBe(schemas.length + others.length);
      }),
    );
  });
});
