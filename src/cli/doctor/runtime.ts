import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runnerEnvironment } from '../../config/runner-environment';
import type { OrtProbe } from '../../runtime/runner/ort-probe';
import { ok, problem, warning, type Finding } from './finding';

const run = promisify(execFile);

const TIMEOUT_MS = 60_000;
const PROBE = join(__dirname, '../../runtime/runner/ort-probe.js');
const PROVIDER = 'libonnxruntime_providers_cuda.so';

/** Packages with the libraries that CUDA needs, by the beginning of their names. */
const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/^libcudnn/, 'cuDNN 9 (the package cudnn9-cuda-<version> of NVIDIA)'],
  [
    /^lib(?:cublas|cudart|cufft|curand|nvrtc|nvJitLink)/,
    'the CUDA runtime (the package cuda-libraries-<version> of NVIDIA)',
  ],
  [/^libcuda\.so/, 'the NVIDIA driver'],
];

const IMAGE = 'the image of docker build --build-arg DEVICE=cuda has all of them';

/**
 * The findings about ONNX Runtime and the GPU. ONNX Runtime is tried in a child process.
 * @param device NEXUS_DEVICE. A GPU that is missing is a problem only if models need one.
 */
export async function runtimeFindings(device: string): Promise<readonly Finding[]> {
  const needsGpu = device.startsWith('cuda');
  const gpu = await gpuFinding(needsGpu);
  const hasGpu = gpu.status === 'ok' && gpu.text !== NO_GPU;
  const wanted = device !== 'cpu' && hasGpu;
  const probe = await probed(wanted ? ['cpu', 'cuda'] : ['cpu']);
  return [
    runtimeFinding(probe),
    gpu,
    ...(wanted && typeof probe !== 'string' ? [await cudaFinding(probe, needsGpu)] : []),
  ];
}

/** The result of a probe, or why the process failed. */
async function probed(devices: readonly string[]): Promise<OrtProbe | string> {
  try {
    const { stdout } = await run(process.execPath, [PROBE, ...devices], {
      env: runnerEnvironment(),
      timeout: TIMEOUT_MS,
    });
    return JSON.parse(stdout) as OrtProbe;
  } catch (error) {
    const { signal, stderr, message } = error as { signal?: string; stderr?: string; message: string };
    if (signal) return `the process that loads it was ended by ${signal}`;
    return /^\w*Error: .*/m.exec(stderr ?? '')?.[0] ?? message;
  }
}

function runtimeFinding(probe: OrtProbe | string): Finding {
  const name = 'ONNX Runtime';
  const fix = 'install again with npm start; the binaries need glibc 2.28 or later on x64 or arm64';
  if (typeof probe === 'string') return problem(name, `does not load: ${probe}`, fix);
  const { version, providers, failures } = probe;
  if (failures['cpu']) return problem(name, `${version} cannot run a model: ${failures['cpu']}`, fix);
  return ok(name, `${version} (${providers.join(', ')})`);
}

const NO_GPU = 'no NVIDIA GPU; models run on the CPU';

async function gpuFinding(isNeeded: boolean): Promise<Finding> {
  const name = 'GPU';
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  const listed = await run('nvidia-smi', query, { timeout: TIMEOUT_MS }).catch(() => undefined);
  if (listed !== undefined && listed.stdout.trim() !== '')
    return ok(
      name,
      listed.stdout
        .trim()
        .split('\n')
        .map((line, index) => `${index}: ${line.replace(/, /, ', driver ')}`)
        .join('; '),
    );
  if (existsSync('/proc/driver/nvidia/version') && existsSync('/dev/nvidia0'))
    return ok(name, 'an NVIDIA GPU with its driver, but no nvidia-smi');
  if (await hasNvidiaCard())
    return (isNeeded ? problem : warning)(
      name,
      'an NVIDIA GPU that this process cannot use',
      'install the NVIDIA driver; in a container, the NVIDIA Container Toolkit, and docker run --gpus all',
    );
  return isNeeded
    ? problem(
        name,
        'no NVIDIA GPU, and NEXUS_DEVICE needs one',
        'docker run --gpus all, or set NEXUS_DEVICE=auto',
      )
    : ok(name, NO_GPU);
}

/** Whether the PCI bus has a display or 3D controller of NVIDIA. */
async function hasNvidiaCard(): Promise<boolean> {
  const root = '/sys/bus/pci/devices';
  const read = (device: string, file: string) => readFile(join(root, device, file), 'utf8').catch(() => '');
  for (const device of await readdir(root).catch(() => []))
    if (
      (await read(device, 'vendor')).trim() === '0x10de' &&
      (await read(device, 'class')).startsWith('0x03')
    )
      return true;
  return false;
}

async function cudaFinding({ failures }: OrtProbe, isNeeded: boolean): Promise<Finding> {
  const name = 'CUDA';
  const failure = failures['cuda'] ?? '';
  if (failure === '') return ok(name, 'a model runs on the GPU');
  const fault = isNeeded ? problem : warning;
  const provider = providerPath();
  if (!existsSync(provider))
    return fault(
      name,
      `ONNX Runtime has no ${PROVIDER}`,
      `its package contains only the CPU; ${IMAGE.replace('all of them', 'it')}`,
    );
  const missing = await missingLibraries(provider);
  if (missing.length === 0)
    return fault(name, failure, `check the versions of driver and libraries; ${IMAGE}`);
  return fault(name, `missing: ${missing.join(', ')}`, installationOf(missing));
}

function providerPath(): string {
  const binaries = join(dirname(require.resolve('onnxruntime-node/package.json')), 'bin/napi-v6');
  return join(binaries, process.platform, process.arch, PROVIDER);
}

/** Libraries that the dynamic linker does not find for the library at `path`. */
async function missingLibraries(path: string): Promise<readonly string[]> {
  const { stdout } = await run('ldd', [path], { timeout: TIMEOUT_MS }).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map(([, library]) => library!);
}

/** What to install for the libraries in `missing`. */
export function installationOf(missing: readonly string[]): string {
  const packages = PACKAGES.filter(([form]) => missing.some((library) => form.test(library))).map(
    ([, text]) => text,
  );
  return `${packages.length === 0 ? 'install them' : `install ${packages.join(' and ')}`}; ${IMAGE}`;
}
