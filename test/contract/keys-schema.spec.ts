import { readFileSync } from 'node:fs';
import { KEYS_SCHEMA } from '../../src/identity/keys/keys-schema';

it('keys.schema.json is made of the rows of keys-schema.ts; `npm run schemas` writes it anew', () => {
  const written: unknown = JSON.parse(readFileSync('src/identity/keys/keys.schema.json', 'utf8'));
  expect(JSON.stringify(written)).toBe(JSON.stringify(KEYS_SCHEMA));
});
