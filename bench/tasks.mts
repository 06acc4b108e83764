import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { outputOf, spawnChild } from './children.mts';
import { compareAll, type Effort } from './compare.mts';
import { measure, startGateway, startPython } from './server.mts';
import { sendAll, sendFor, type Request } from './requests.mts';

const TEXTS = 256;
const SHORTEST = 8;
const LONGEST = 512;
/** Texts that wait at a time. */
const TEXT_CONNECTIONS = 128;
const PICTURE_CONNECTIONS = 16;
/** Batch of a server that takes texts as they arrive. */
const ARRIVAL_BATCH = 32;
/** Padded tokens of a batch for each thread. */
const THREAD_TOKENS = 512;

/** Compares embeddings of texts of 8 to 512 tokens with raw runs and with a small server in Python. */
export async function texts({ rounds }: Effort): Promise<void> {
  const { python, repository } = await files();
  const model = join(repository, 'all-minilm-l6-v2/onnx/model.onnx');
  // As after the first thousand batches, each of which runs one of its rows again, alone.
  writeFileSync(join(repository, 'all-minilm-l6-v2/model.yaml'), 'verify_batching: 0\n');
  const [gateway, server] = await Promise.all([
    startGateway(repository),
    startPython(python, 'task_server.py', repository),
  ]);
  const lengths = lengthsOfTexts();
  const sentences = sentencesOf(lengths, join(repository, 'all-minilm-l6-v2/tokenizer.json'));
  const toGateway = sentences.map((text) =>
    json('/v1/models/all-minilm-l6-v2/predict', { inputs: { text } }),
  );
  const toServer = sentences.map((text) => json('/embed', { text }));
  const threads = availableParallelism();
  const raw = (plan: string, size: number) => () =>
    measure('raw-texts.mts', model, plan, size, threads, lengths.join());
  await sendAll(gateway.url, toGateway, TEXT_CONNECTIONS);
  await compareAll(rounds, `texts of ${SHORTEST} to ${LONGEST} tokens`, 'texts/s', {
    gateway: () => sendAll(gateway.url, toGateway, TEXT_CONNECTIONS),
    'session.run in perfect buckets': raw('buckets', THREAD_TOKENS * threads),
    'session.run padded in order of arrival': raw('arrival', ARRIVAL_BATCH),
    'server in Python': () => sendAll(server.url, toServer, TEXT_CONNECTIONS),
  });
  await Promise.all([gateway.stop(), server.stop()]);
}

/** Compares labels of JPEG pictures with sharp and raw runs, and with a small server in Python. */
export async function pictures({ rounds, seconds }: Effort): Promise<void> {
  const { python, repository } = await files();
  const model = join(repository, 'text-direction/model.onnx');
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const paths = await writePictures(folder);
  const [gateway, server] = await Promise.all([
    startGateway(repository),
    startPython(python, 'task_server.py', repository),
  ]);
  const requests = (path: string): Request[] =>
    paths.map((file) => ({ path, type: 'image/jpeg', body: readFileSync(file) }));
  const toGateway = requests('/v1/models/text-direction/predict');
  const toServer = requests('/classify');
  await sendFor(gateway.url, toGateway, PICTURE_CONNECTIONS, seconds);
  await compareAll(rounds, 'JPEG pictures of 640x480 pixels', 'pictures/s', {
    gateway: () => sendFor(gateway.url, toGateway, PICTURE_CONNECTIONS, seconds),
    'sharp and session.run': () =>
      measure('raw-pictures.mts', model, availableParallelism(), seconds, ...paths),
    'server in Python': () => sendFor(server.url, toServer, PICTURE_CONNECTIONS, seconds),
  });
  await Promise.all([gateway.stop(), server.stop()]);
  rmSync(folder, { recursive: true });
}

/** The Python and the folder of models of scripts/bench-models.mjs. */
async function files(): Promise<{ python: string; repository: string }> {
  const output = await outputOf(spawnChild(process.execPath, ['scripts/bench-models.mjs']));
  return JSON.parse(output) as { python: string; repository: string };
}

/** Numbers of tokens: each length as likely as its double, in the same mixed order every time. */
function lengthsOfTexts(): number[] {
  const steps = Array.from({ length: TEXTS }, (_, index) => ((index * 101) % TEXTS) / (TEXTS - 1));
  return steps.map((step) => Math.round(SHORTEST * (LONGEST / SHORTEST) ** step));
}

/** A text for each number of tokens, two of which are special. Each word is a token. */
function sentencesOf(lengths: readonly number[], tokenizer: string): string[] {
  const { model } = JSON.parse(readFileSync(tokenizer, 'utf8')) as { model: { vocab: object } };
  const words = Object.keys(model.vocab).filter((word) => /^[a-z]{3,}$/.test(word));
  let next = 0;
  return lengths.map((length) =>
    Array.from({ length: length - 2 }, () => words[(next += 37) % words.length]).join(' '),
  );
}

/** Four JPEG files with as much detail as photographs. */
function writePictures(folder: string): Promise<string[]> {
  const [width, height] = [640, 480];
  return Promise.all(
    [1, 2, 3, 4].map(async (seed) => {
      const pixels = Buffer.alloc(width * height * 3);
      for (let index = 0; index < pixels.length; index++) {
        const [x, y] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width)];
        pixels[index] = 128 + 60 * Math.sin(x / 9 / seed) + 50 * Math.cos(y / 7 + index) + (index % 13);
      }
      const path = join(folder, `${seed}.jpg`);
      const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
      writeFileSync(path, await picture.jpeg({ quality: 85 }).toBuffer());
      return path;
    }),
  );
}

function json(path: string, body: object): Request {
  return { path, type: 'application/json', body: Buffer.from(JSON.stringify(body)) };
}
