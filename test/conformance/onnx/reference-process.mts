import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { bytesOf } from '../../fixtures/binary.ts';
import { toBytes, toElements, type Tensor } from '../tensor.ts';
import type { Answer, Question, Refusal, Reply } from './reference.ts';

/*
 * ONNX Runtime and nothing else, in a process that it may end: loads the model of each message, runs each of its requests
 * alone and replies with what came of it. The settings are those of Nexus, so that both compute the same.
 */

/** The binding does not know the class, and would pass on FP16 without its elements. */
Reflect.deleteProperty(globalThis, 'Float16Array');

const QUIET = { logSeverityLevel: 4 } as const;

/** ONNX Runtime's names of the datatypes, and what holds their elements; strings have an array. */
const TYPES = {
  BOOL: ['bool', Uint8Array],
  UINT8: ['uint8', Uint8Array],
  UINT16: ['uint16', Uint16Array],
  UINT32: ['uint32', Uint32Array],
  UINT64: ['uint64', BigUint64Array],
  INT8: ['int8', Int8Array],
  INT16: ['int16', Int16Array],
  INT32: ['int32', Int32Array],
  INT64: ['int64', BigInt64Array],
  FP16: ['float16', Uint16Array],
  FP32: ['float32', Float32Array],
  FP64: ['float64', Float64Array],
  BYTES: ['string', undefined],
} as const;

type Datatype = keyof typeof TYPES;

const DATATYPE_OF = new Map(Object.entries(TYPES).map(([datatype, [type]]) => [type as string, datatype]));

process.on('message', (question: Question) => {
  void replyTo(question).then((reply) => process.send!(reply));
});

async function replyTo({ path, requests }: Question): Promise<Reply> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(path, {
      ...QUIET,
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
  } catch (error) {
    return { refused: (error as Error).message };
  }
  const answers: (Answer | Refusal)[] = [];
  for (const request of requests) answers.push(await answerTo(session, request));
  await session.release();
  return { answers };
}

async function answerTo(session: InferenceSession, request: readonly Tensor[]): Promise<Answer | Refusal> {
  try {
    const feeds = Object.fromEntries(request.map((tensor) => [tensor.name, toOrt(tensor)]));
    const outputs = await session.run(feeds, session.outputNames, QUIET);
    return { outputs: session.outputNames.map((name) => fromOrt(name, outputs[name]!)) };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

function toOrt({ datatype, shape, bytes }: Tensor): OrtTensor {
  const [type, View] = TYPES[datatype as Datatype];
  if (View === undefined) {
    const texts = toElements(datatype, Buffer.from(bytes)).map(String);
    return new OrtTensor('string', texts, shape);
  }
  return new OrtTensor(type as 'float32', new View(new Uint8Array(bytes).buffer) as Float32Array, shape);
}

function fromOrt(name: string, { type, data, dims }: OrtTensor): Tensor {
  const datatype = DATATYPE_OF.get(type)!;
  const bytes =
    type === 'string' ? toBytes('BYTES', data as string[]) : bytesOf(data as unknown as Uint8Array);
  return { name, datatype, shape: [...dims], bytes };
}
