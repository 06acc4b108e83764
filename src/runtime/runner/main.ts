import { readSync, writeSync, writevSync } from 'node:fs';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { FrameReader } from '../frames';
import { decodeToRunner, encodeMessage, encodeRan, MAX_INLINE_BYTES, MESSAGE_BYTES } from '../message-frames';
import type {
  FromRunner,
  LoadMessage,
  NamesMessage,
  TensorPlace,
  RanMessage,
  ReleaseMessage,
  RunMessage,
} from '../messages';
import { align, endOf, layOut, type PackedTensor } from '../slab-layout';
import { datatypeOfElementType, elementTypeOf, viewOf } from './onnx-types';
import { loadSession, errorTextOf, type Session } from './session';
import type { OrtTensors } from './session-run';
import { decodeStrings, encodeStrings } from '../../tensor/elements';

/*
 * A runner: a child process that owns ONNX sessions, usually one. It loads them, and runs the batches in the slab one
 * after another. It may be killed at any time.
 */

/** The inherited descriptors of the connection to the gateway and of the slab. */
const CHANNEL = 0;
const SLAB = 3;

// ONNX Runtime 1.30 wraps half floats in Float16Array if that exists (Node 24 and later), but its native binding cannot
// read them. Without the type, they stay a Uint16Array.
Reflect.deleteProperty(globalThis, 'Float16Array');

/** The data described by the message does not fit in the slab. */
class NoRoom extends Error {}

process.title = `nexus-runner ${process.argv[2]}`;
// Ctrl-C reaches the whole process group, and systemd signals all processes of a service, but only the gateway decides
// when runners end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

const sessions = new Map<number, Session>();
const names = new Map<number, NamesMessage>();
/** Buffers for inputs in the slab and for messages, reused, because new memory costs page faults. */
let inputBytes = Buffer.allocUnsafeSlow(1 << 16);
const messageBytes = Buffer.allocUnsafeSlow(MESSAGE_BYTES);
void serve();

/** Handles messages until the gateway closes the connection. Reading blocks, which saves turns of the event loop. */
async function serve(): Promise<never> {
  const reader = new FrameReader();
  const bytes = Buffer.allocUnsafeSlow(MESSAGE_BYTES);
  for (;;) {
    const count = receive(bytes);
    reader.push(bytes.subarray(0, count));
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      const message = decodeToRunner(frame, (session) => names.get(session));
      if (message.type === 'names') names.set(message.session, message);
      else send(await handle(message));
    }
  }
}

/** Reads from the gateway. Ends the process if the gateway has closed the connection. */
function receive(bytes: Buffer): number {
  try {
    const count = readSync(CHANNEL, bytes);
    if (count > 0) return count;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
  return process.exit(0);
}

function send(frame: Buffer): void {
  try {
    for (let sent = 0; sent < frame.length;) sent += writeSync(CHANNEL, frame, sent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    process.exit(0);
  }
}

/** Returns the response as a frame. */
async function handle(message: LoadMessage | ReleaseMessage | RunMessage): Promise<Buffer> {
  switch (message.type) {
    case 'load':
      return encodeMessage(await load(message));
    case 'run':
      return run(message);
    case 'release':
      await sessions.get(message.session)?.release();
      sessions.delete(message.session);
      names.delete(message.session);
      return encodeMessage({ type: 'released' });
  }
}

async function load(message: LoadMessage): Promise<Exclude<FromRunner, RanMessage>> {
  try {
    const before = process.memoryUsage.rss();
    const session = await loadSession(message);
    sessions.set(message.session, session);
    return { type: 'loaded', model: session.model, bytes: process.memoryUsage.rss() - before };
  } catch (error) {
    return { type: 'refused', reason: errorTextOf(error) };
  }
}

async function run({ session, inputs, outputs, inline }: RunMessage): Promise<Buffer> {
  try {
    const end = inline === undefined ? align(endOf(inputs, 0)) : 0;
    const bytes = inline === undefined ? readSlab(end) : aligned(inline);
    const feeds: OrtTensors = {};
    for (const input of inputs) feeds[input.name] = toOrt(input, bytes);
    const started = performance.now();
    const results = await sessions.get(session)!.run(feeds, outputs);
    const runMs = performance.now() - started;
    const layout = layOut(
      outputs.map((name) => fromOrt(name, results[name]!)),
      end,
    );
    const byteLength = layout.end - end;
    const isInline = byteLength <= MAX_INLINE_BYTES;
    if (!isInline) write(layout.chunks, byteLength, end);
    return encodeRan(runMs, layout, isInline, messageBytes);
  } catch (error) {
    const noRoom = error instanceof NoRoom;
    return encodeMessage({ type: 'failed', reason: noRoom ? error.message : errorTextOf(error), noRoom });
  }
}

/** `bytes`, which start at a multiple of 8 unless a message was received in parts. */
function aligned(bytes: Buffer): Buffer {
  return bytes.byteOffset % 8 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
}

function readSlab(byteLength: number): Buffer {
  if (inputBytes.length < byteLength) inputBytes = Buffer.allocUnsafeSlow(byteLength);
  readSync(SLAB, inputBytes, 0, byteLength, 0);
  return inputBytes;
}

function toOrt({ datatype, shape, offset, byteLength }: TensorPlace, bytes: Buffer): OrtTensor {
  const type = elementTypeOf(datatype);
  const start = bytes.byteOffset + offset;
  const view = viewOf(type, bytes.buffer, start, byteLength);
  if (view !== undefined) return new OrtTensor(type as 'uint8', view, shape);
  return new OrtTensor('string', decodeStrings(bytes.subarray(offset, offset + byteLength)), shape);
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
