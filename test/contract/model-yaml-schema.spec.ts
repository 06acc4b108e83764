import { readFileSync } from 'node:fs';
import { MODEL_SCHEMA } from '../../src/repository/settings';

it('model.schema.json is made of the rows of settings.ts; `npm run model-schema` writes it anew', () => {
  const written: unknown = JSON.parse(readFileSync('src/repository/model.schema.json', 'utf8'));
  expect(written).toEqual(MODEL_SCHEMA);
  // Messages and editors have its order too.
  expect(JSON.stringify(written)).toBe(JSON.stringify(MODEL_SCHEMA));
});
