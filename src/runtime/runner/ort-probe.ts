import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { errorTextOf } from './session';

/*
 * A child process that tries ONNX Runtime and prints an {@link OrtProbe} as JSON. A library that does not fit the machine can
 * end the process, so the gateway never loads it. The arguments are the devices to try.
 */

/** The results of a probe. */
export interface OrtProbe {
  readonly version: string;
  /** Execution providers that this build knows. */
  readonly providers: readonly string[];
  /** Why a run on each device failed; empty if it did not. */
  readonly failures: Readonly<Record<string, string>>;
}

/** An ONNX model with one operator, Abs, on one FP32 value. */
const MODEL = 'CAg6MgoLCgF4EgF5IgNBYnMSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAR';

async function failureOn(device: string): Promise<string> {
  try {
    const session = await InferenceSession.create(Buffer.from(MODEL, 'base64'), {
      executionProviders: [device],
      logSeverityLevel: 4,
    });
    const { y } = await session.run({ x: new Tensor('float32', [-2], [1]) });
    return y!.data[0] === 2 ? '' : 'a run returned a wrong result';
  } catch (error) {
    return errorTextOf(error);
  }
}

async function probe(devices: readonly string[]): Promise<OrtProbe> {
  const failures: Record<string, string> = {};
  for (const device of devices) failures[device] = await failureOn(device);
  return {
    version: env.versions.node ?? env.versions.common,
    providers: listSupportedBackends().map(({ name }) => name),
    failures,
  };
}

void probe(process.argv.slice(2)).then((result) => process.stdout.write(JSON.stringify(result)));
