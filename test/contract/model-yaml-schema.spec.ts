import { readFileSync } from 'node:fs';
import { keysWhere, MODEL_SCHEMA } from '../../src/repository/settings';

it('model.schema.json is made of the rows of settings.ts; `npm run schemas` writes it anew', () => {
  const written: unknown = JSON.parse(readFileSync('src/repository/model.schema.json', 'utf8'));
  expect(written).toEqual(MODEL_SCHEMA);
  // Messages and editors have its order too.
  expect(JSON.stringify(written)).toBe(JSON.stringify(MODEL_SCHEMA));
});

it('the documentation names every key that may stand beside a config.pbtxt', () => {
  const text = readFileSync('docs/triton-repository.md', 'utf8');
  const [paragraph] = /^A `model\.yaml` [^]*?\n\n/m.exec(text)!;
  const named = [...paragraph.matchAll(/`(\w+)`/g)].map(([, key]) => key);
  expect(new Set(named)).toEqual(new Set(keysWhere(({ besideConfig }) => besideConfig)));
});
