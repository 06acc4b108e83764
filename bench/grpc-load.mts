import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/*
 * Calls ModelInfer of digits repeatedly with a fixed concurrency, in a separate process. Prints calls per second.
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
const started = performance.now();
const end = started + Number(seconds) * 1000;
let done = 0;

async function caller(): Promise<void> {
  while (performance.now() < end) {
    await new Promise<void>((resolve, reject) => {
      infer(message, (error) => (error === null ? resolve() : reject(error)));
    });
    done++;
  }
}

await Promise.all(Array.from({ length: Number(width) }, caller));
console.log((done * 1000) / (performance.now() - started));
client.close();
