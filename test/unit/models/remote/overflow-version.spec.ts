import { errors } from '../../../../src/common/errors';
import type { NexusError } from '../../../../src/common/nexus-error';
import type { Servable } from '../../../../src/models/model';
import { NO_TASK, type Signature } from '../../../../src/models/signature';
import { OverflowVersion } from '../../../../src/models/remote/overflow-version';
import type { VersionOptions } from '../../../../src/models/version-options';
import type { Job, JobResult } from '../../../../src/scheduling/job';
import type { TensorSpec } from '../../../../src/tensor/tensor';

const X: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 2] };

function signature(input: TensorSpec): Signature {
  return {
    ...NO_TASK,
    inputs: [input],
    outputs: [{ ...X, name: 'y' }],
    outputNames: ['y'],
    labels: {},
    softmax: [],
    batches: true,
    hasCommonRows: true,
  };
}

interface Part {
  state: string;
  reason: string;
  waitMs: number;
  failure: NexusError | undefined;
  runs: number;
  input: TensorSpec;
  isDescribed: boolean;
  /** Why it cannot be loaded on demand. */
  loading: NexusError | undefined;
  follows: boolean;
  options: VersionOptions;
}

const OLD = {} as VersionOptions;
const NEW = {} as VersionOptions;

/** A version with only what the overflow asks for; `part` changes it. */
function fake(part: Part): Servable {
  const version: Partial<Servable> = {
    name: 'm',
    version: '1',
    get isDescribed() {
      return part.isDescribed;
    },
    get options() {
      return part.options;
    },
    async described() {
      if (part.loading !== undefined) throw part.loading;
      part.isDescribed = true;
    },
    follow(options) {
      if (part.follows) part.options = options;
      return part.follows;
    },
    get state() {
      return part.state as Servable['state'];
    },
    get reason() {
      return part.reason;
    },
    get signature() {
      return signature(part.input);
    },
    get load() {
      return { waitingRows: 0, waitingRequests: 0, running: 0, delayMs: 0, waitMs: part.waitMs };
    },
    async run(): Promise<JobResult> {
      part.runs++;
      if (part.failure !== undefined) throw part.failure;
      return { outputs: [], queueMs: 0, inputMs: 0, runMs: 1, outputMs: 0 };
    },
  };
  return version as Servable;
}

function set(isDescribed = true) {
  const part = (changes: Partial<Part> = {}): Part => ({
    state: 'READY',
    reason: '',
    waitMs: 0,
    failure: undefined,
    runs: 0,
    input: X,
    isDescribed: true,
    loading: undefined,
    follows: true,
    options: OLD,
    ...changes,
  });
  const [local, remote] = [part({ isDescribed }), part()];
  const version = new OverflowVersion(fake(local), fake(remote), 200);
  version.review();
  return { local, remote, version, run: (job: Partial<Job> = {}) => version.run(job as Job) };
}

it('runs here unless the queue is too long', async () => {
  const { local, remote, run } = set();
  await run();
  local.waitMs = 200;
  await run();
  local.waitMs = 201;
  await run();
  expect([local.runs, remote.runs]).toEqual([2, 1]);
});

it.each([
  ['is full', errors.queueFull('m', 'rows'), 1],
  ['loses its process', errors.runnerLost('m'), 1],
  ['fails unexpectedly', errors.internal(), 1],
  ['refuses the input', errors.invalidInput('wrong'), 0],
  ['is too late', errors.deadlineExceeded('while it waited'), 0],
])('tries a target if the local model %s: %#', async (_, failure, runs) => {
  const { local, remote, run } = set();
  local.failure = failure;
  const outcome = await run().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(remote.runs).toBe(runs);
  expect(outcome).toBe(runs === 1 ? undefined : failure);
});

it('serves only from the targets while the local model is not ready', async () => {
  const { local, remote, version, run } = set();
  Object.assign(local, { state: 'UNAVAILABLE', reason: 'model.onnx cannot be read' });
  expect(version.state).toBe('READY');
  expect(version.reason).toBe('runs only on other servers: model.onnx cannot be read');
  await run();
  expect([local.runs, remote.runs]).toEqual([0, 1]);
  remote.state = 'UNAVAILABLE';
  expect(version.state).toBe('UNAVAILABLE');
  expect(version.reason).toBe('model.onnx cannot be read');
});

it('uses no target that runs another model', async () => {
  const { local, remote, version, run } = set();
  remote.input = { ...X, datatype: 'INT64' };
  version.review();
  expect(version.reason).toBe(
    'its overflow targets run another model: expected the inputs x FP32 [-1,2], got x INT64 [-1,2]',
  );
  local.waitMs = 1000;
  await run();
  expect([local.runs, remote.runs]).toEqual([1, 0]);
});

it('keeps texts with options here, which targets do not take', async () => {
  const { local, remote, run } = set();
  local.waitMs = 1000;
  await run({ text: { truncate: true } });
  expect([local.runs, remote.runs]).toEqual([1, 0]);
});

it('loads a model that was never loaded before it validates requests against that of the targets', async () => {
  const { local, remote, version, run } = set(false);
  expect([version.state, version.isDescribed]).toEqual(['READY', false]);
  remote.input = { ...X, datatype: 'INT64' };
  await version.described(Infinity);
  expect(version.signature.inputs).toEqual([X]);
  local.waitMs = 1000;
  await run();
  expect([local.runs, remote.runs]).toEqual([1, 0]);
});

it('uses the targets if there is no memory to load the local model', async () => {
  const { local, remote, version, run } = set(false);
  local.loading = errors.queueFull('m', 'rows');
  await version.described(Infinity);
  await run();
  expect([local.runs, remote.runs]).toEqual([0, 1]);
});

it('changes neither model if one of them must be loaded again', () => {
  const { local, remote, version } = set();
  local.follows = false;
  expect(version.follow(NEW)).toBe(false);
  expect(remote.options).toBe(OLD);
});
