import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeHubModel } from '../../fixtures/hub-model';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const run = promisify(execFile);
const PAGE = 'docs/hub.md';
/** The address in the commands of the page. */
const ADDRESS = 'http://127.0.0.1:8000';

interface Example {
  readonly command: string;
  /** What the page says that the command prints; undefined if it shows nothing. */
  readonly printed: string | undefined;
}

/** The commands of the page that send requests, each with the block that follows the one it is in. */
function examples(): Example[] {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, language, text], index) => {
    if (language !== 'sh') return [];
    const commands = text!.split('\n').filter((line) => line.includes('curl'));
    const [, next, printed] = blocks[index + 1] ?? [];
    return commands.map((command) => ({ command, printed: next === 'json' ? printed : undefined }));
  });
}

/** A pattern of what the page shows: spaces do not count, `...` stands for anything, and numbers may have more digits. */
function patternOf(shown: string): RegExp {
  const parts = shown.replaceAll(/\s/g, '').split(/(\.\.\.|\d+\.\d+)/);
  const patterns = parts.map((part) => {
    if (part === '...') return '.*';
    const escaped = part.replaceAll(/[^\w]/g, '\\$&');
    return /^\d+\.\d+$/.test(part) ? `${escaped}\\d*` : escaped;
  });
  return new RegExp(`^${patterns.join('')}$`);
}

const repository = new Repository();
let gateway: Gateway;
beforeAll(async () => {
  for (const name of ['sentences', 'text-direction'])
    cpSync(join('models', name), join(repository.path, name), { recursive: true });
  writeHubModel(repository.path, 'my-reranker', { task: 'reranking' });
  gateway = await Gateway.start(repository);
});
afterAll(() => tearDown(gateway, repository));

it('the page has examples', () => {
  expect(examples().length).toBeGreaterThan(5);
  expect(examples().every(({ command }) => command.includes(ADDRESS))).toBe(true);
});

it.each(examples())('$command', async ({ command, printed }) => {
  const { stdout } = await run('bash', ['-c', command.replaceAll(ADDRESS, gateway.url)]);
  const answer = JSON.parse(stdout);
  expect(answer).not.toHaveProperty('error');
  if (printed !== undefined) expect(JSON.stringify(answer)).toMatch(patternOf(printed));
});
