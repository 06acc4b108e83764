import { RemoteVersion } from '../../../../src/models/remote/remote-version';
import type { VersionObserver } from '../../../../src/models/model';
import type { VersionOptions } from '../../../../src/models/version-options';
import { ModelMetrics } from '../../../../src/observability/metrics/model-metrics';
import { serveHttp } from '../../remote/loopback';

const TENSOR = { datatype: 'FP32', shape: [-1, 2] };
const METADATA = {
  name: 'm',
  platform: 'x',
  inputs: [{ name: 'x', ...TENSOR }],
  outputs: [{ name: 'y', ...TENSOR }],
};

/** A version with one target, which answers questions about its model with what `describe` returns. */
async function versionOf(describe: () => { status: number; body: object }) {
  const server = await serveHttp((request, response) => {
    const isModel = request.url === '/v2/models/m';
    const { status, body } = isModel ? describe() : { status: 200, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const states: string[] = [];
  const ready = Promise.withResolvers<void>();
  const observer: Partial<VersionObserver> = {
    stateChanged: ({ state, reason }) => {
      states.push(`${state} ${reason}`.trim());
      if (state === 'READY') ready.resolve();
    },
    targetLost: () => undefined,
    targetReturned: () => undefined,
  };
  const options: Partial<VersionOptions> = {
    model: 'm',
    version: '1',
    folder: '/',
    region: undefined,
    responseLimit: 1e6,
    settings: { remote: { retries: 0, health_interval_ms: 100 } },
    metrics: new ModelMetrics({ model: 'm', version: '1' }),
  };
  const version = new RemoteVersion(
    options as VersionOptions,
    [{ url: `http://127.0.0.1:${server.port}` }],
    observer as VersionObserver,
  );
  const stop = async () => {
    await version.stop();
    await server.stop();
  };
  return { version, states, ready: ready.promise, stop };
}

it('is described again if a target that passes its health checks could not describe it', async () => {
  let asked = 0;
  // The first check describes the model, too.
  const { version, states, ready, stop } = await versionOf(() => {
    asked++;
    return asked === 2 ? { status: 500, body: {} } : { status: 200, body: METADATA };
  });
  await version.start();
  expect(version.state).toBe('UNAVAILABLE');
  await ready;
  expect(version.signature.outputNames).toEqual(['y']);
  expect(states).toEqual([expect.stringMatching(/^UNAVAILABLE .*status 500/), 'READY']);
  await stop();
});
