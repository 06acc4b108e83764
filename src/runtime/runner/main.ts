import { readFileSync, readSync, writevSync } from 'node:fs';
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { FromRunner, LoadMessage, RunMessage, SlabTensor, ToRunner } from '../messages';
import { JsonLines } from '../json-lines';
import { layOut, type PackedTensor } from '../slab-layout';
import type { HelloMessage, RunnerSocket } from '../spawner/messages';
import { datatypeOf, elementTypeOf, viewOf } from './onnx-types';
import { loadSession, textOf, type Session } from './session';
import { decodeStrings, encodeStrings } from './strings';

/*
 * A runner: the child process that owns ONNX sessions, mostly one. It loads them, and runs the batches that lie in the
 * slab, one after another. Being killed at any moment is normal.
 */

/** A little below the gateway, so that answering requests goes before computing them. */
const NICENESS = 5;

/** The slab's descriptor, inherited. */
const SLAB = 3;

// ONNX Runtime 1.30 wraps half floats in this type where it exists, from Node 24 on, and its binding then finds no bytes
// in them; without it, they stay the Uint16Array that they are.
Reflect.deleteProperty(globalThis, 'Float16Array');

process.title = `nexus-runner ${process.argv[2]}`;
lowerPriority();
new Worker(join(__dirname, 'watchdog.js'), {
  workerData: process.ppid,
  resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
}).unref();

const sessions = new Map<number, Session>();
/** Inputs are read into one buffer, kept from batch to batch: fresh memory costs page faults. */
let inputBytes = Buffer.allocUnsafeSlow(1 << 16);

const { path, token } = JSON.parse(readFileSync(0, 'utf8')) as RunnerSocket;
const gateway = connect(path);
const channel = new JsonLines(gateway, (message) => {
  void handle(message as ToRunner).then((answer) => channel.send(answer));
});
channel.send({ token } satisfies HelloMessage);
// The gateway is gone: nobody is left to work for.
gateway.on('close', () => process.exit(0));
// Ctrl-C reaches the whole process group, and systemd tells all processes of a service: when runners end is the
// gateway's to say.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

function lowerPriority(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // Not allowed: it is a courtesy.
  }
}

async function handle(message: ToRunner): Promise<FromRunner> {
  switch (message.type) {
    case 'load':
      return load(message);
    case 'run':
      return run(message);
    case 'release':
      await sessions.get(message.session)?.release();
      sessions.delete(message.session);
      return { type: 'released' };
  }
}

async function load(message: LoadMessage): Promise<FromRunner> {
  try {
    const before = process.memoryUsage.rss();
    const session = await loadSession(message);
    sessions.set(message.session, session);
    return { type: 'loaded', model: session.model, bytes: process.memoryUsage.rss() - before };
  } catch (error) {
    return { type: 'refused', reason: textOf(error) };
  }
}

async function run({ session, inputs, outputs, outputOffset }: RunMessage): Promise<FromRunner> {
  try {
    const feeds = readInputs(inputs, outputOffset);
    const started = performance.now();
    const results = await sessions.get(session)!.run(feeds, outputs);
    const runMs = performance.now() - started;
    const written = writeOutputs(outputs, results, outputOffset);
    return { type: 'ran', outputs: written, runMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC')
      return { type: 'failed', reason: textOf(error), noRoom: false };
    return { type: 'failed', reason: 'there is no room in shared memory for the outputs', noRoom: true };
  }
}

function readInputs(inputs: readonly SlabTensor[], byteLength: number): Record<string, OrtTensor> {
  if (inputBytes.length < byteLength) inputBytes = Buffer.allocUnsafeSlow(byteLength);
  readSync(SLAB, inputBytes, 0, byteLength, 0);
  return Object.fromEntries(inputs.map((input) => [input.name, toOrt(input)]));
}

function toOrt({ datatype, shape, offset, byteLength }: SlabTensor): OrtTensor {
  const type = elementTypeOf(datatype);
  const view = viewOf(type, inputBytes.buffer, offset, byteLength);
  if (view !== undefined) return new OrtTensor(type as 'uint8', view, shape);
  return new OrtTensor('string', decodeStrings(inputBytes.subarray(offset, offset + byteLength)), shape);
}

function writeOutputs(
  names: readonly string[],
  results: Record<string, OrtTensor>,
  start: number,
): SlabTensor[] {
  const { tensors, chunks, end } = layOut(
    names.map((name) => fromOrt(name, results[name]!)),
    start,
  );
  const written = end === start ? 0 : writevSync(SLAB, chunks, start);
  if (written < end - start) throw Object.assign(new Error(), { code: 'ENOSPC' });
  return tensors;
}

function fromOrt(name: string, { type, dims, data }: OrtTensor): PackedTensor {
  const bytes =
    type === 'string'
      ? encodeStrings(data as string[])
      : new Uint8Array(
          (data as Uint8Array).buffer,
          (data as Uint8Array).byteOffset,
          (data as Uint8Array).byteLength,
        );
  return { name, datatype: datatypeOf(type)!, shape: dims, chunks: [bytes] };
}
