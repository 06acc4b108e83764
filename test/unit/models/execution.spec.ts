import { errors } from '../../../src/common/errors';
import type { ServedTask } from '../../../src/models/task/served-task';
import { Execution } from '../../../src/models/version/execution';
import type { VersionOptions } from '../../../src/models/version-options';
import { ModelMetrics } from '../../../src/observability/metrics/model-metrics';
import type { LoadedModel } from '../../../src/runtime/messages';
import type { Job } from '../../../src/scheduling/job';

const MODEL: LoadedModel = {
  inputs: [{ name: 'input_ids', datatype: 'INT64', shape: [-1, -1] }],
  outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 4] }],
  extraOutputs: [],
  unpaddable: '',
  unbatchable: '',
  labels: {},
  hasCommonRows: true,
  device: 'cpu',
  file: { digest: '', bytes: 0 },
} as unknown as LoadedModel;

const OPTIONS = {
  model: 'm',
  settings: {},
  metrics: new ModelMetrics({ model: 'm', version: '1' }),
  placement: { instances: 1, threads: 1 },
  task: undefined,
} as unknown as VersionOptions;

const JOB: Job = {
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [1], data: new Uint8Array([0, 0, 0, 0]) }],
  outputs: ['embedding'],
  rows: 1,
  byteLength: 4,
  shapeKey: '',
  caller: '',
  priority: 0,
  deadline: Infinity,
  abandoned: undefined,
};

it('queues no row whose text was read while its version was stopped', async () => {
  let read!: () => void;
  const reading = new Promise<void>((resolve) => (read = resolve));
  const task: ServedTask = {
    signature: {
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
      tensorInputs: MODEL.inputs,
      outputs: MODEL.outputs,
      outputNames: ['embedding'],
      extraOutputs: [],
      task: undefined,
    },
    run: async (job, submit) => {
      await reading;
      return submit(job);
    },
  };
  const stopped = errors.modelNotReady('m', '1', 'UNLOADING', '');
  let isStopped = false;
  const execution = new Execution(MODEL, OPTIONS, task, () => {
    if (isStopped) throw stopped;
  });
  const answer = execution.run(JOB);
  isStopped = true;
  execution.fail(stopped);
  read();
  // Without runners, a job in the queue would wait for ever.
  await expect(answer).rejects.toBe(stopped);
  expect(execution.load.waitingRequests).toBe(0);
});
