import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { load } from 'js-yaml';

const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> })
  .scripts;

const yamlFiles = readdirSync('.github', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.ya?ml$/.test(name))
  .map((name) => join('.github', name));
const workflows = yamlFiles.filter((name) => name.includes('workflows/'));
const pages = ['README.md', ...pagesIn('.github'), ...pagesIn('docs'), ...pagesIn('deploy/helm/nexus')];

function pagesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

interface Job {
  readonly 'timeout-minutes'?: number;
  readonly uses?: string;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

it.each(yamlFiles)('%s is YAML', (file) => {
  expect(load(readFileSync(file, 'utf8'))).toBeInstanceOf(Object);
});

describe.each(workflows)('%s', (file) => {
  const text = readFileSync(file, 'utf8');
  const { permissions, jobs } = load(text) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);

  it('may only read by default, ends, and uses actions of a fixed major version', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(jobs)) {
      if (job.uses === undefined) expect(job['timeout-minutes']).toBeGreaterThan(0);
      else expect(existsSync(job.uses)).toBe(true);
    }
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.filter((action) => !/^actions\/[a-z-]+@v\d+$/.test(action))).toEqual([]);
  });

  it('calls scripts and files that exist', () => {
    const commands = steps.flatMap(({ run }) => run ?? []).join('\n');
    const called = Array.from(commands.matchAll(/\b(?:npm|yarn) (?:run )?(test|run \S+)/g), ([, name]) =>
      name!.replace('run ', ''),
    );
    expect(called.filter((name) => !(name in scripts))).toEqual([]);
    const files = Array.from(commands.matchAll(/'(\.\/[\w./-]+\.mjs)'/g), ([, path]) => path!);
    expect(files.filter((path) => !existsSync(path))).toEqual([]);
  });
});

it('the guide for contributors names files and scripts that exist', () => {
  const guide = readFileSync('.github/CONTRIBUTING.md', 'utf8');
  const paths = Array.from(guide.matchAll(/`((?:src|test|docs|deploy)\/[\w./-]+)`/g), ([, path]) => path!);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  const named = Array.from(guide.matchAll(/npm run ([\w:]+)/g), ([, name]) => name!);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

it.each(pages)('the links of %s lead to pages and sections that exist', (page) => {
  const links = Array.from(withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link!).filter(
    (link) => !/^\w+:/.test(link),
  );
  const broken = links.filter((link) => {
    const [path = '', section] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(target)) return true;
    return section !== undefined && target.endsWith('.md') && !sectionsOf(target).has(section);
  });
  expect(broken).toEqual([]);
});

/** The text of a page without its blocks of code. */
function withoutCode(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^ *```.*?^ *```/gms, '');
}

/** The names by which links lead to the sections of a page, as GitHub makes them of headings. */
function sectionsOf(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const slugs = Array.from(withoutCode(page).matchAll(/^#+ (.+)$/gm), ([, heading]) => {
    const slug = heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return new Set(slugs);
}
