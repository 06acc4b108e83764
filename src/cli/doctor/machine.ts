import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { openFileLimit, SMALL_LIMIT } from '../../common/open-file-limit';
import { MINIMUM_NODE } from '../../common/version';
import { sizeText } from '../numbers';
import { ok, problem, warning, type Finding } from './finding';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Less free memory than this leaves no room for the runners of a few small models. */
const LITTLE_MEMORY = GIB;

/** Docker gives a container this much shared memory, which one large batch fills. */
const LITTLE_SHARED = 64 * MIB;

/** The findings about the processor, memory, limits and Node.js of this machine or container. */
export async function machineFindings(): Promise<readonly Finding[]> {
  return Promise.all([cpu(), memory(), sharedMemory(), openFiles(), node(), container()]);
}

async function cpu(): Promise<Finding> {
  const all = cpus();
  const usable = availableParallelism();
  const model = all[0]?.model.trim();
  const cores = usable < all.length ? `${usable} of ${all.length} cores` : `${usable} cores`;
  const text = `${cores}${model ? `, ${model}` : ''}`;
  if (process.arch !== 'x64' || process.platform !== 'linux') return ok('CPU', text);
  const flags = await readFile('/proc/cpuinfo', 'utf8').catch(() => 'avx2');
  return /\bavx2\b/.test(flags)
    ? ok('CPU', `${text}, AVX2`)
    : warning(
        'CPU',
        `${text}, no AVX2`,
        'models run several times slower; use a machine with AVX2, or pass the CPU of the host through to the virtual machine',
      );
}

async function memory(): Promise<Finding> {
  const limit = process.constrainedMemory() || Infinity;
  const isLimited = limit < totalmem();
  const free = isLimited ? Math.min(process.availableMemory(), freemem()) : freemem();
  const text = `${sizeText(free)} free of ${sizeText(isLimited ? limit : totalmem())}${isLimited ? ' (limit of the container)' : ''}`;
  return free < LITTLE_MEMORY
    ? warning('Memory', text, 'free some, raise the limit of the container, or set NEXUS_MEMORY_BUDGET')
    : ok('Memory', text);
}

async function sharedMemory(): Promise<Finding> {
  const name = 'Shared memory';
  const stats = await statfs('/dev/shm').catch(() => undefined);
  if (stats === undefined)
    return warning(name, 'no /dev/shm; tensors pass through files', 'mount a tmpfs at /dev/shm');
  const size = stats.blocks * stats.bsize;
  const text = `/dev/shm has ${sizeText(stats.bavail * stats.bsize)} free of ${sizeText(size)}`;
  return size <= LITTLE_SHARED
    ? warning(name, text, 'large requests fail; docker run --shm-size=1g')
    : ok(name, text);
}

async function openFiles(): Promise<Finding> {
  const limit = await openFileLimit();
  const text = limit === Infinity ? 'no known limit' : `limit ${limit}`;
  return limit < SMALL_LIMIT
    ? warning(
        'Open files',
        text,
        'few connections are possible; ulimit -n 65536, LimitNOFILE=65536 in systemd, docker run --ulimit nofile=65536',
      )
    : ok('Open files', text);
}

async function node(): Promise<Finding> {
  const major = Number(process.versions.node.split('.')[0]);
  return major < MINIMUM_NODE
    ? problem('Node.js', process.version, `use Node.js ${MINIMUM_NODE} or later`)
    : ok('Node.js', process.version);
}

async function container(): Promise<Finding> {
  const name = 'Container';
  const kind = existsSync('/var/run/secrets/kubernetes.io')
    ? 'Kubernetes'
    : existsSync('/.dockerenv')
      ? 'Docker'
      : existsSync('/run/.containerenv')
        ? 'Podman'
        : undefined;
  if (kind === undefined) return ok(name, 'none');
  return process.getuid?.() === 0
    ? warning(name, `${kind}, as root`, 'run as another user: docker run --user 10001, or runAsNonRoot')
    : ok(name, `${kind}, as user ${process.getuid?.() ?? 'unknown'}`);
}
