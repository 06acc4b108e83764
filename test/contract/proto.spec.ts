import { loadSync } from '@grpc/proto-loader';

/** Of each message of the model configuration, the numbers that its fields have in Triton's model_config.proto. */
const NUMBERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ModelInput: { name: 1, data_type: 2, format: 3, dims: 4, reshape: 5 },
  ModelOutput: { name: 1, data_type: 2, dims: 3, label_filename: 4, reshape: 5 },
  ModelVersionPolicy: { latest: 1, all: 2, specific: 3 },
  ModelDynamicBatching: {
    preferred_batch_size: 1,
    max_queue_delay_microseconds: 2,
    preserve_ordering: 3,
    priority_levels: 4,
    default_priority_level: 5,
    default_queue_policy: 6,
    priority_queue_policy: 7,
  },
  ModelEnsembling: { step: 1, max_inflight_requests: 2 },
  'ModelEnsembling.Step': {
    model_name: 1,
    model_version: 2,
    input_map: 3,
    output_map: 4,
    model_namespace: 5,
  },
  ModelInstanceGroup: { name: 1, count: 2, gpus: 3, kind: 4 },
  ModelConfig: {
    name: 1,
    platform: 2,
    version_policy: 3,
    max_batch_size: 4,
    input: 5,
    output: 6,
    instance_group: 7,
    default_model_filename: 8,
    dynamic_batching: 11,
    parameters: 14,
    ensemble_scheduling: 15,
    backend: 17,
    response_cache: 24,
  },
};

const definition = loadSync('src/open-inference/inference.proto', { keepCase: true });

interface MessageType {
  readonly name: string;
  readonly field: readonly { readonly name: string; readonly number: number }[];
  readonly nestedType: readonly MessageType[];
}

it.each(Object.keys(NUMBERS))('clients of Triton read %s', (message) => {
  const [outer, inner] = message.split('.');
  const type = definition[`inference.${outer}`]!.type as MessageType;
  const { field } = inner === undefined ? type : type.nestedType.find(({ name }) => name === inner)!;
  const numbers = Object.fromEntries(field.map(({ name, number }) => [name, number]));
  expect(numbers).not.toEqual({});
  expect(NUMBERS[message]).toMatchObject(numbers);
});
