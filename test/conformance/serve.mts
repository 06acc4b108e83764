import { join } from 'node:path';
import { writeHubModel } from '../fixtures/hub-model.ts';
import { affine, bfloat16, counter } from '../fixtures/models.ts';
import { save } from '../fixtures/onnx.ts';
import { MODELS } from './models.ts';
import { startGateway } from './server.ts';

/*
 * Serves what the clients call and prints the addresses as a line of JSON; ends when standard input does. Besides the
 * models of the suite there are `labelled`, which is affine with labels; `counter`, which is slow; and `bfloat16`, which
 * cannot be loaded. With an argument, serves the models of that folder instead.
 */
const [repository] = process.argv.slice(2);
const settings = {
  NEXUS_MODEL_CONTROL_MODE: 'explicit',
  NEXUS_LOAD_MODELS: [...Object.keys(MODELS), 'labelled', 'counter', 'sentences', 'ranker'].join(),
  NEXUS_RESPONSE_COMPRESSION: 'all',
  NEXUS_SYSTEM_SHARED_MEMORY: '/dev/shm',
};

const server =
  repository === undefined
    ? await startGateway(settings, (folder) => {
        const model = (name: string) => join(folder, name, '1', 'model.onnx');
        save(model('labelled'), affine());
        save(join(folder, 'labelled/model.yaml'), 'labels: { y: [cat, dog, bird] }');
        save(model('counter'), counter());
        save(model('bfloat16'), bfloat16());
        writeHubModel(folder, 'sentences', { task: 'embedding', manifest: 'dimensions: [4]' });
        writeHubModel(folder, 'ranker', { task: 'reranking' });
      })
    : await startGateway({ NEXUS_MODEL_REPOSITORY: repository });
console.log(JSON.stringify({ http: new URL(server.url).host, grpc: server.grpc }));
process.stdin.resume().once('end', () => void server.stop());
