import type { OpenAPIObject } from '@nestjs/swagger';
import fc from 'fast-check';
import { LiveDocument } from '../../../src/docs/live-document';
import { SERVER } from '../../../src/docs/models/code-samples';
import type { ModelRegistry } from '../../../src/models/registry/model-registry';
import { NO_TASK } from '../../../src/models/signature';
import type { Servable } from '../../../src/models/model';

const EVERYONE = { sees: () => true };

/** How often a version was described. */
let described = 0;

function ready(name: string, width: number): Servable {
  const tensor = (tensorName: string) => ({ name: tensorName, datatype: 'FP32', shape: [-1, width] });
  const inputs = [tensor('x')];
  const outputs = [tensor('y')];
  const version = { name, state: 'READY', isDescribed: true, options: { settings: {} } };
  Object.defineProperty(version, 'signature', {
    get() {
      described++;
      return { ...NO_TASK, inputs, outputs, outputNames: ['y'], labels: {}, batches: true };
    },
  });
  return version as unknown as Servable;
}

/** A document of the models in `models`, which may change. */
function documentOf(models: ReadonlyMap<string, Servable>): LiveDocument {
  const list = () => [...models].map(([name, version]) => ({ name, versions: [version] }));
  const fixed = { openapi: '3.1.0', info: { title: 'fixed', version: '1' }, paths: {} } as OpenAPIObject;
  return new LiveDocument(fixed, { list } as unknown as ModelRegistry, async () => undefined, false);
}

const thousand = () =>
  new Map(Array.from({ length: 1000 }, (_, index) => [`model-${index}`, ready(`model-${index}`, 4)]));

it('a thousand models are described once, and a new one alone', async () => {
  const models = thousand();
  const document = documentOf(models);
  described = 0;
  const first = await document.current(SERVER, EVERYONE);
  const once = described;
  expect(Object.keys((JSON.parse(first.body.toString()) as OpenAPIObject).paths)).toHaveLength(2000);
  expect(await document.current(SERVER, EVERYONE)).toBe(first);
  expect(described).toBe(once);

  models.set('model-7', ready('model-7', 5));
  expect((await document.current(SERVER, EVERYONE)).etag).not.toBe(first.etag);
  expect(described).toBe(once + once / 1000);
});

it('the ETag is that of the models, whatever came between', async () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'A', 'a-b'),
    width: fc.integer({ min: 0, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const models = new Map<string, Servable>();
      const document = documentOf(models);
      for (const { name, width } of steps) {
        const before = await document.current(SERVER, EVERYONE);
        // A width of none unloads the model.
        if (width === 0) models.delete(name);
        else models.set(name, ready(name, width));
        const after = await document.current(SERVER, EVERYONE);
        expect(after.etag === before.etag).toBe(after.body.equals(before.body));
        const anew = await documentOf(models).current(SERVER, EVERYONE);
        expect([anew.etag, anew.body.equals(after.body)]).toEqual([after.etag, true]);
      }
    }),
  );
});
