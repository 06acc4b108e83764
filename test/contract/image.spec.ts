import { existsSync, readFileSync } from 'node:fs';

// What can be said of the image without building it. `yarn image` builds and runs it.
const DIGEST = /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly isOfBuilder: boolean;
  readonly steps: readonly (readonly [instruction: string, rest: string])[];
}

const instructions = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .flatMap((line) => {
    const [, instruction, rest] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    return instruction === undefined ? [] : [[instruction, rest!.trim()] as const];
  });
const stages = readStages();
const last = stages.at(-1)!;

function readStages(): Stage[] {
  const starts = instructions.flatMap(([instruction], index) => (instruction === 'FROM' ? [index] : []));
  return starts.map((start, index) => {
    const [, platform, base, name] = /^(--platform=\S+ )?(\S+)(?: AS (\S+))?$/.exec(instructions[start]![1])!;
    return {
      name: name ?? '',
      base: base!,
      isOfBuilder: platform === '--platform=$BUILDPLATFORM ',
      steps: instructions.slice(start + 1, starts[index + 1]),
    };
  });
}

function stepsOf(stage: Stage, instruction: string): string[] {
  return stage.steps.flatMap(([name, rest]) => (name === instruction ? [rest] : []));
}

/** The stages with this name, in which a variable stands for any device. */
function named(name: string): Stage[] {
  return stages.filter((stage) => new RegExp(`^${name.replace('${DEVICE}', '\\w+')}$`).test(stage.name));
}

/** Whether the programs of a stage are those of the machine that builds, so that nothing has to be emulated. */
function runsOnBuilder(stage: Stage): boolean {
  const bases = named(stage.base);
  return stage.isOfBuilder || (bases.length > 0 && bases.every(runsOnBuilder));
}

it('begins from images with a version and a digest, which are not the latest', () => {
  const foreign = stages.map(({ base }) => base).filter((base) => named(base).length === 0);
  expect(foreign.filter((base) => !DIGEST.test(base) || base.includes(':latest'))).toEqual([]);
  expect(foreign.length).toBeGreaterThan(3);
});

it('has the Node of the scripts, in one version', () => {
  const { optionalDependencies } = JSON.parse(readFileSync('scripts/toolchain/package.json', 'utf8')) as {
    optionalDependencies: Readonly<Record<string, string>>;
  };
  const images = new Set(stages.map(({ base }) => base).filter((base) => base.startsWith('node:')));
  expect(images.size).toBe(1);
  const [image] = images;
  expect(new Set(Object.values(optionalDependencies))).toEqual(new Set([/^node:([\d.]+)-/.exec(image!)![1]]));
});

it('runs programs only on the platform that builds', () => {
  const withPrograms = stages.filter((stage) => stepsOf(stage, 'RUN').length > 0);
  expect(withPrograms.length).toBeGreaterThan(3);
  expect(withPrograms.filter((stage) => !runsOnBuilder(stage)).map(({ name }) => name)).toEqual([]);
});

it('copies files that exist, and the builder gets only these', () => {
  const sources = stages
    .flatMap((stage) => stepsOf(stage, 'COPY'))
    .filter((rest) => !rest.startsWith('--from='))
    .flatMap((rest) => rest.split(/ +/).slice(0, -1));
  expect(sources.filter((path) => !existsSync(path))).toEqual([]);
  const sent = readFileSync('.dockerignore', 'utf8').match(/(?<=^!).+$/gm);
  expect(new Set(sent)).toEqual(new Set(sources));
});

it('copies from stages that it has', () => {
  const from = stages
    .flatMap((stage) => [...stepsOf(stage, 'COPY'), ...stepsOf(stage, 'RUN')])
    .flatMap((rest) => /(?:^--|,)from=([^ ,]+)/.exec(rest)?.[1] ?? []);
  expect(from.length).toBeGreaterThan(4);
  expect(from.filter((name) => named(name).length !== 1)).toEqual([]);
});

it('runs as a user with a number that is not root, with arguments as on the command line', () => {
  expect(stepsOf(last, 'USER')).toEqual([expect.stringMatching(/^[1-9]\d{3,}:[1-9]\d{3,}$/)]);
  expect(JSON.parse(stepsOf(last, 'ENTRYPOINT')[0]!)).toEqual(['tini', '--', 'node', '/app/dist/main.js']);
  expect(JSON.parse(stepsOf(last, 'CMD')[0]!)).toEqual(['serve']);
  expect(JSON.parse(/ CMD (.*)$/.exec(stepsOf(last, 'HEALTHCHECK')[0]!)![1]!)).toHaveLength(3);
});

it('has folders for the state and the cache that its user can write', () => {
  const [user] = stepsOf(last, 'USER');
  const owned = stepsOf(last, 'COPY').flatMap((rest) => {
    const [, owner, target] = / --chown=(\S+) \S+ (\S+)$/.exec(rest) ?? [];
    return owner === user ? [target] : [];
  });
  expect(owned).toEqual(['/var/lib/nexus', '/var/cache/nexus']);
  expect(stepsOf(last, 'ENV')[0]).toContain(' NEXUS_MODEL_CACHE=/var/cache/nexus');
});

it('says what it is, in the labels of OCI', () => {
  const { version, license } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;
  const labels = Object.fromEntries(
    Array.from(
      stepsOf(last, 'LABEL')[0]!.matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g),
      ([, name, value]) => [name, value],
    ),
  );
  expect(labels).toMatchObject({
    licenses: license,
    version: '$VERSION',
    revision: '$REVISION',
    created: '$CREATED',
  });
  expect(labels).toEqual(
    expect.objectContaining({
      title: expect.any(String),
      source: expect.stringMatching(/^https:/),
      documentation: expect.stringMatching(/docs\/image\.md$/),
    }),
  );
  expect(stepsOf(last, 'ARG')).toContain(`VERSION=${version}`);
});
