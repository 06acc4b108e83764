import { IMAGE_OF_SEVEN } from '../src/rest/http/sample-image.ts';
import { compare, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { binaryRequest, drive, type Load } from './load.mts';
import { sample } from './sample.mts';
import { measure, startEcho, startGateway, startGrpcEcho } from './server.mts';

/** Compares the smallest sample model with an echo of the same body. */
export async function smallest({ rounds, seconds }: Effort): Promise<void> {
  const [echo, gateway] = await Promise.all([startEcho(), startGateway('./models')]);
  const path = '/v2/models/digits/infer';
  const inputs = [{ name: 'image', datatype: 'FP32', shape: [1, 8, 8], data: IMAGE_OF_SEVEN.flat() }];
  const loads: Record<string, Load> = {
    'digits, binary': { path, connections: 64, ...binaryRequest('image', [1, 8, 8], ['probabilities']) },
    'digits, JSON': { path, connections: 64, body: Buffer.from(JSON.stringify({ inputs })) },
  };
  for (const [name, load] of Object.entries(loads)) {
    await drive(gateway.url, load, WARM_UP_SECONDS);
    await drive(echo.url, load, WARM_UP_SECONDS);
    await compare(
      rounds,
      name,
      'Fastify echo',
      'req/s',
      () => sample(echo, load, seconds),
      () => sample(gateway, load, seconds),
    );
  }
  await echo.stop();
  const unlimited = await startGateway('./models', { NEXUS_RATE_LIMIT: '0' });
  const load = loads['digits, binary']!;
  await drive(unlimited.url, load, WARM_UP_SECONDS);
  await compare(
    rounds,
    'rate limiter',
    'no limit',
    'req/s',
    () => sample(unlimited, load, seconds),
    () => sample(gateway, load, seconds),
  );
  await Promise.all([gateway.stop(), unlimited.stop()]);
}

/** Compares the smallest sample model over gRPC with an echo of the same message; 64 concurrent calls on one connection. */
export async function smallestOverGrpc({ rounds, seconds }: Effort): Promise<void> {
  const [echo, gateway] = await Promise.all([startGrpcEcho(), startGateway('./models')]);
  const call = (address: string, duration: number) => measure('grpc-load.mts', address, 64, duration);
  await call(gateway.grpc, WARM_UP_SECONDS);
  await call(echo.grpc, WARM_UP_SECONDS);
  await compare(
    rounds,
    'digits, gRPC',
    'grpc-js echo',
    'req/s',
    () => call(echo.grpc, seconds),
    () => call(gateway.grpc, seconds),
  );
  await Promise.all([echo.stop(), gateway.stop()]);
}
