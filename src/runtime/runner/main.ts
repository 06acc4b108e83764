import { readFileSync, readSync, writevSync } from 'node:fs';
import { connect } from 'node:net';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { FromRunner, LoadMessage, RunMessage, SlabTensor, ToRunner } from '../messages';
import { JsonLines } from '../json-lines';
import { layOut, type PackedTensor } from '../slab-layout';
import type { HelloMessage, RunnerStart } from '../spawner/messages';
import { datatypeOfElementType, elementTypeOf, viewOf } from './onnx-types';
import { loadSession, errorTextOf, type Session } from './session';
import { decodeStrings, encodeStrings } from '../../tensor/elements';

/*
 * A runner: a child process that owns ONNX sessions, usually one. It loads them, and runs the batches in the slab one
 * after another. It may be killed at any time.
 */

/** Time for the spawner or the guard to act after the gateway has ended. */
const EXIT_DELAY_MS = 3000;

/** The inherited descriptor of the slab. */
const SLAB = 3;

// ONNX Runtime 1.30 wraps half floats in Float16Array if that exists (Node 24 and later), but its native binding cannot
// read them. Without the type, they stay a Uint16Array.
Reflect.deleteProperty(globalThis, 'Float16Array');

/** The data described by the message does not fit in the slab. */
class NoRoom extends Error {}

process.title = `nexus-runner ${process.argv[2]}`;
const { socket } = JSON.parse(readFileSync(0, 'utf8')) as RunnerStart;

const sessions = new Map<number, Session>();
/** Buffer for inputs, reused for every batch, because new memory costs page faults. */
let inputBytes = Buffer.allocUnsafeSlow(1 << 16);

const gateway = connect(socket.path);
const channel = new JsonLines(gateway, (message) => {
  void handle(message as ToRunner).then((answer) => channel.send(answer));
});
channel.send({ token: socket.token } satisfies HelloMessage);
// The gateway has ended or the connection is broken. If the gateway has ended, the spawner or the guard usually kills this
// process first.
gateway.on('close', () => setTimeout(() => process.exit(0), EXIT_DELAY_MS));
// Ctrl-C reaches the whole process group, and systemd signals all processes of a service, but only the gateway decides
// when runners end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

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
    return { type: 'refused', reason: errorTextOf(error) };
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
    const noRoom = error instanceof NoRoom;
    return { type: 'failed', reason: noRoom ? error.message : errorTextOf(error), noRoom };
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
  if (end > start) write(chunks, end - start, start);
  return tensors;
}

/** @throws NoRoom if the file system is full or the maximum file size is exceeded. */
function write(chunks: readonly Uint8Array[], byteLength: number, offset: number): void {
  let written = 0;
  try {
    written = writevSync(SLAB, chunks, offset);
  } catch (error) {
    if (!['ENOSPC', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  if (written < byteLength) throw new NoRoom(`${byteLength} bytes of outputs`);
}

function fromOrt(name: string, { type, dims, data }: OrtTensor): PackedTensor {
  const bytes =
    type === 'string'
      ? encodeStrings([data as string[]])
      : new Uint8Array(
          (data as Uint8Array).buffer,
          (data as Uint8Array).byteOffset,
          (data as Uint8Array).byteLength,
        );
  return { name, datatype: datatypeOfElementType(type)!, shape: dims, chunks: [bytes] };
}
