import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

it('the types of the console are those of openapi.json; scripts/console-types.mjs writes them anew', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-console-'));
  const written = join(folder, 'contract.ts');
  execFileSync(process.execPath, ['scripts/console-types.mjs', written]);
  const committed = readFileSync('clients/console/src/data/contract.ts', 'utf8');
  expect(readFileSync(written, 'utf8')).toBe(committed);
  rmSync(folder, { recursive: true });
});
