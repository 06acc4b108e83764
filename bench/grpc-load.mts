import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { quantileOf } from './cost.mts';
import type { Traffic } from './traffic.mts';

/*
 * Calls ModelInfer of digits repeatedly with a fixed concurrency, in a separate process. Prints its Traffic as JSON.
 *
 * grpc-load.mts <host:port> <concurrency> <seconds>
 */
const [address, width, seconds] = process.argv.slice(2);
const definition = loadSync('src/open-inference/inference.proto', { keepCase: true });
const { inference } = loadPackageDefinition(definition) as unknown as {
  inference: Record<string, ServiceClientConstructor>;
};
const client = new inference['GRPCInferenceService']!(address!, credentials.createInsecure());
const infer = (client['ModelInfer'] as (message: object, done: (error: Error | null) => void) => void).bind(
  client,
);
const message = {
  model_name: 'digits',
  inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 8, 8] }],
  outputs: [{ name: 'probabilities' }],
  raw_input_contents: [Buffer.from(new Float32Array(64).fill(8).buffer)],
};
const times: number[] = [];
const before = process.cpuUsage();
const started = performance.now();
const end = started + Number(seconds) * 1000;

async function caller(): Promise<void> {
  for (let sentAt = performance.now(); sentAt < end; sentAt = performance.now()) {
    await new Promise<void>((resolve, reject) => {
      infer(message, (error) => (error === null ? resolve() : reject(error)));
    });
    times.push(performance.now() - sentAt);
  }
}

await Promise.all(Array.from({ length: Number(width) }, caller));
const { user, system } = process.cpuUsage(before);
const traffic: Traffic = {
  requests: times.length,
  seconds: (performance.now() - started) / 1000,
  p50Ms: quantileOf(times, 0.5),
  p99Ms: quantileOf(times, 0.99),
  senderCpuMs: (user + system) / 1000,
};
console.log(JSON.stringify(traffic));
client.close();
