import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:http2';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Container } from './image-run.mjs';
import { root } from './toolchain.mjs';

const READY_MS = 120_000;
const MACHINES = { amd64: 'x86-64', arm64: 'aarch64' };
const models = join(root, 'models');

/** Checks an image with this configuration, whose file system is mounted. Returns what was seen; throws the reason if a check fails. */
export async function checkImage(config, mounted, platform, version) {
  const checks = { ...checkFiles(mounted, platform), ...checkLabels(config, version) };
  for (const folder of ['var/lib/nexus', 'var/cache/nexus'])
    expect(ownerOf(join(mounted, folder)), config.User, `the owner of /${folder}`);
  return runsHere(platform) ? { ...checks, ...(await checkRuns(config, mounted, version)) } : checks;
}

function runsHere(platform) {
  return platform === { x64: 'amd64', arm64: 'arm64' }[process.arch];
}

/** All binaries are of the platform, and the SBOM names each package that is installed. */
function checkFiles(mounted, platform) {
  const binaries = readdirSync(mounted, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(node|so)(\.|$)|^(node|tini)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const kinds = execFileSync('file', ['--brief', ...binaries], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const foreign = binaries.filter(
    (_, index) => kinds[index].startsWith('ELF') && !kinds[index].includes(MACHINES[platform]),
  );
  expect(foreign, [], 'binaries of other platforms');
  const { bomFormat, components } = JSON.parse(readFileSync(join(mounted, 'app/sbom.cdx.json'), 'utf8'));
  expect(bomFormat, 'CycloneDX', 'the format of app/sbom.cdx.json');
  return { binaries: binaries.length, sbomComponents: components.length };
}

function ownerOf(path) {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
}

function checkLabels({ Labels }, version) {
  expect(Labels['org.opencontainers.image.version'], version, 'the label of the version');
  return { labels: Object.keys(Labels).filter((name) => name.startsWith('org.opencontainers.')).length };
}

async function checkRuns(config, mounted, version) {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const settings = {
    NEXUS_HOST: '127.0.0.1',
    NEXUS_PORT: String(port),
    NEXUS_GRPC_PORT: String(grpcPort),
    NEXUS_AUTH: 'off',
    NEXUS_DRAIN_DELAY_MS: '0',
  };
  const url = `http://127.0.0.1:${port}`;
  const start = (args, more) => new Container(config, mounted, models, args, { ...settings, ...more });

  expect(await outputOf(start(['--version'])), { code: 0, output: `${version}\n` }, '--version');
  const doctor = await outputOf(start(['doctor', '--json']));
  JSON.parse(doctor.output);
  const dependencies = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies);

  const server = start(['serve', '/mnt/models']);
  try {
    const started = Date.now();
    await until(server, async () => (await get(`${url}/health/startup`)) === 200, 'the start');
    const readyS = (Date.now() - started) / 1000;
    expect(server.evaluate('process.getuid()'), config.User.split(':')[0], 'the user');
    expect(server.evaluate('fs.readFileSync("/proc/1/comm", "utf8").trim()'), 'tini', 'process 1');
    expect(
      /CapEff:\s*0+$/m.test(server.evaluate('fs.readFileSync("/proc/1/status", "utf8")')),
      true,
      'no capabilities',
    );
    for (const path of ['/app/x', '/models/x', '/mnt/models/x', '/usr/local/bin/x'])
      expect(
        server.evaluate(`try { fs.writeFileSync("${path}", ""); "written" } catch (e) { e.code }`),
        'EROFS',
        `writing ${path}`,
      );
    const load = `Promise.all(${JSON.stringify(dependencies)}.map((name) => import(name).then(() => [], ({ message }) => [name, message])))`;
    const failures = server.evaluate(`${load}.then((all) => console.log(JSON.stringify(all.flat()))), ''`);
    expect(JSON.parse(failures), [], 'dependencies that do not load');
    expect(await isLive(`127.0.0.1:${grpcPort}`), true, 'ServerLive over gRPC');
    const served = await checkModels(url);
    const pages = await checkPages(url);
    expect(server.run(config.Healthcheck.Test.slice(1)), '', 'the output of the health check');
    server.kill('SIGTERM');
    expect(await server.ended, 0, 'the exit code after SIGTERM');
    await checkReaping(start(['serve', '/mnt/models'], { NEXUS_PROCESSES: '2' }), url);
    return { readyS, operations: served, pages, doctor: doctor.code };
  } catch (error) {
    process.stderr.write(server.output);
    throw error;
  } finally {
    server.destroy();
  }
}

/** The processes of a gateway process that was killed leave nothing in the table of processes. */
async function checkReaping(server, url) {
  try {
    await until(
      server,
      async () => (await get(`${url}/health/startup`)) === 200,
      'the start with two processes',
    );
    const processes = () => JSON.parse(server.evaluate(PROCESSES));
    const before = processes();
    const primary = before.find(({ parent }) => parent === 1);
    const killed = before.find(({ parent }) => parent === primary.pid).pid;
    const orphans = before.filter(({ parent }) => parent === killed).map(({ pid }) => pid);
    expect(orphans.length > 0, true, 'processes of a gateway process');
    server.evaluate(`process.kill(${killed}, 'SIGKILL')`);
    await until(
      server,
      () => !processes().some(({ pid }) => pid === killed || orphans.includes(pid)),
      'the end of the processes of a gateway process that was killed',
    );
  } finally {
    server.destroy();
  }
}

/** Prints the processes of the container. */
const PROCESSES = `JSON.stringify(fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).flatMap((pid) => {
  try {
    return [{ pid: Number(pid), parent: Number(/[)] . ([0-9]+)/.exec(fs.readFileSync('/proc/' + pid + '/stat', 'utf8'))[1]) }];
  } catch { return []; }
}))`;

/** Whether a server answers ServerLive of the protocol V2, whose request is empty and whose response is one flag. */
async function isLive(address) {
  const session = connect(`http://${address}`);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/inference.GRPCInferenceService/ServerLive',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    // The first five bytes are whether the message is compressed, and its length.
    stream.end(Buffer.alloc(5));
    return Buffer.concat(await stream.toArray()).equals(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
  } finally {
    session.close();
  }
}

/** Every sample model answers its example requests. */
async function checkModels(url) {
  const { paths } = await (await fetch(`${url}/openapi.json`)).json();
  const operations = Object.entries(paths).filter(([, { post }]) => post?.tags[0].startsWith('Model '));
  for (const [path, { post }] of operations)
    for (const { value } of Object.values(post.requestBody.content['application/json'].examples)) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(value),
      });
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    }
  const folders = readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(operations.length >= 2 * folders.length, true, 'operations of every sample model');
  return operations.length;
}

/** Every page opens, with all scripts and styles that it names. */
async function checkPages(url) {
  const seen = new Set();
  for (const page of ['/', '/docs', '/redoc', '/metrics', '/openapi.json']) {
    const response = await fetch(`${url}${page}`);
    expect(response.status, 200, page);
    seen.add(page);
    const text = await response.text();
    if (!response.headers.get('content-type').startsWith('text/html')) continue;
    for (const [, file] of text.matchAll(/(?:src|href)="([^"#:]+)"/g)) {
      const address = new URL(file, response.url);
      expect(await get(address), 200, address.pathname);
      seen.add(address.pathname);
    }
  }
  return seen.size;
}

async function outputOf(container) {
  const code = await container.ended;
  return { code, output: container.output };
}

/** The status of a response; 0 if there is none. */
async function get(url) {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    () => 0,
  );
}

async function until(container, isTrue, what) {
  const deadline = Date.now() + READY_MS;
  const ended = container.ended.then(() => true);
  while (!(await isTrue())) {
    if (Date.now() > deadline || (await Promise.race([ended, delay(100, false)]))) {
      throw new Error(`waited in vain for ${what}:\n${container.output}`);
    }
  }
}

function expect(actual, expected, what) {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, came ${JSON.stringify(actual)}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
