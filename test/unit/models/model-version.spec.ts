import type { VersionObserver } from '../../../src/models/model';
import type { Converters } from '../../../src/models/task/prepared-task';
import { ModelVersion } from '../../../src/models/version/model-version';
import type { Residency } from '../../../src/models/version/residency';
import type { VersionOptions } from '../../../src/models/version-options';
import type { Tokenizer } from '../../../src/tasks/text/tokenizer';

const OPTIONS = {
  model: 'm',
  version: '1',
  path: '/none/model.onnx',
  root: '/none',
  settings: {},
  task: { text: { tokenizer: '/none/tokenizer.json' } },
  device: 'cpu',
  placement: { instances: 1, threads: 1 },
} as unknown as VersionOptions;

it('starts no runner if it is stopped while its tokenizer is loaded, and closes it', async () => {
  let load!: (tokenizer: Tokenizer) => void;
  const loading = new Promise<Tokenizer>((resolve) => (load = resolve));
  let isClosed = false;
  const tokenizer = { close: () => (isClosed = true) } as unknown as Tokenizer;
  const version = new ModelVersion(
    OPTIONS,
    { stateChanged: () => {} } as unknown as VersionObserver,
    { leave: () => {} } as unknown as Residency,
    { tokenizers: { load: () => loading } } as unknown as Converters,
  );
  const loaded = version.bringIn();
  await version.stop();
  load(tokenizer);
  await expect(loaded).rejects.toMatchObject({ code: 'model_not_ready' });
  expect(isClosed).toBe(true);
  expect(await version.residentBytes()).toEqual([]);
});
