import { globSync } from 'node:fs';
import { resolve } from 'node:path';

const files = globSync('src/rest/**/*.dialect.ts').map((file) => resolve(file));

it.each(files)('%s exports its dialects where the codec thread looks for them', (file) => {
  const dialects = Object.entries(require(file) as Record<string, unknown>);
  expect(dialects).not.toEqual([]);
  for (const [name, dialect] of dialects) expect(dialect).toMatchObject({ module: file, name });
});
