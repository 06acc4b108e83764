import { loadAll } from '../../../src/models/registry/load-all';
import type { Servable } from '../../../src/models/model';

it('lets no number of servers that do not answer delay the models of this machine', async () => {
  const { promise: answers, resolve: answer } = Promise.withResolvers<void>();
  const version = (platform: Servable['platform'], start: () => Promise<void>) =>
    ({ platform, start }) as Partial<Servable> as Servable;
  const { promise: isLoading, resolve: began } = Promise.withResolvers<void>();
  const hanging = Array.from({ length: 1000 }, () => version('remote', () => answers));
  const local = version('onnxruntime_onnx', async () => began());
  const loaded = loadAll([...hanging, local]);
  await isLoading;
  answer();
  await expect(loaded).resolves.toBeUndefined();
});
