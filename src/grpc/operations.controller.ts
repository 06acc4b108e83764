import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { callOf } from '../transport/grpc/grpc-call';
import { ModelControl } from '../models/registry/model-control';
import { ModelOperations } from '../models/registry/model-operations';
import { overridesOf } from '../repository/overrides/overrides';
import { ModelRegistry } from '../models/registry/model-registry';
import { LogSettings } from '../observability/log/log-settings';
import { Traces } from '../observability/log/traces';

const SERVICE = 'GRPCInferenceService';

/** A parameter to load or unload a model; `parameter_choice` names the field that is set. */
type ChangeParameter = Readonly<Record<string, unknown>> & { readonly parameter_choice?: string };

/** A message that names a model to load or unload. */
interface ChangeRequest {
  readonly model_name?: string;
  readonly parameters?: Readonly<Record<string, ChangeParameter>>;
}

/** Values of trace settings. A setting without values is removed. */
type TraceValues = Readonly<Record<string, { readonly value?: readonly string[] }>>;

/** A log setting; `parameter_choice` names the field that is set. */
type LogValue =
  | { readonly parameter_choice: 'bool_param'; readonly bool_param: boolean }
  | { readonly parameter_choice: 'uint32_param'; readonly uint32_param: number }
  | { readonly parameter_choice: 'string_param'; readonly string_param: string }
  | { readonly parameter_choice?: undefined };

/** The model repository, trace and logging extensions, over gRPC. */
@Controller()
export class GrpcOperationsController {
  constructor(
    private readonly control: ModelControl,
    private readonly operations: ModelOperations,
    private readonly registry: ModelRegistry,
    private readonly traces: Traces,
    private readonly logSettings: LogSettings,
  ) {}

  /** Lists every version of every model, with its state and the reason for it. */
  @GrpcMethod(SERVICE, 'RepositoryIndex')
  async repositoryIndex({ ready = false }: { readonly ready?: boolean }, metadata: Metadata) {
    const { caller } = callOf(metadata);
    const models = await this.control.index();
    return {
      models: models.filter(({ name, state }) => caller.sees(name) && (!ready || state === 'READY')),
    };
  }

  /** Loads or reloads a model from the repository, with the configuration and files in the parameters, if any. */
  @GrpcMethod(SERVICE, 'RepositoryModelLoad')
  async repositoryModelLoad({ model_name: name = '', parameters = {} }: ChangeRequest) {
    await this.operations.load(name, overridesOf(valuesOf(parameters)));
    return {};
  }

  /** Unloads a model. */
  @GrpcMethod(SERVICE, 'RepositoryModelUnload')
  async repositoryModelUnload({ model_name: name = '', parameters = {} }: ChangeRequest) {
    await this.operations.unload(name, valuesOf(parameters));
    return {};
  }

  /** Changes the global trace settings or those of a model, and returns them. */
  @GrpcMethod(SERVICE, 'TraceSetting')
  async traceSetting({ settings = {}, model_name = '' }: { settings?: TraceValues; model_name?: string }) {
    const model = model_name === '' ? undefined : this.registry.get(model_name).name;
    const changes = Object.entries(settings).map(([name, { value = [] }]) => [
      name,
      value.length === 0 ? null : value,
    ]);
    const now = await this.traces.update(model, Object.fromEntries(changes));
    const values = Object.entries(now).map(([name, value]: [string, string | string[]]) => [
      name,
      { value: typeof value === 'string' ? [value] : value },
    ]);
    return { settings: Object.fromEntries(values) };
  }

  /** Changes the log settings and returns them. */
  @GrpcMethod(SERVICE, 'LogSettings')
  async changeLogSettings({ settings = {} }: { settings?: Readonly<Record<string, LogValue>> }) {
    const changes = Object.entries(settings).map(([name, value]) => [name, valueOf(value)]);
    const now = await this.logSettings.update(Object.fromEntries(changes));
    const values = Object.entries(now).map(([name, value]) => [name, logValue(value)]);
    return { settings: Object.fromEntries(values) };
  }
}

/** The value of each parameter; null if no field is set. */
function valuesOf(parameters: Readonly<Record<string, ChangeParameter>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, value[value.parameter_choice ?? ''] ?? null]),
  );
}

function valueOf(value: LogValue): unknown {
  switch (value.parameter_choice) {
    case 'bool_param':
      return value.bool_param;
    case 'uint32_param':
      return value.uint32_param;
    case 'string_param':
      return value.string_param;
    default:
      return undefined;
  }
}

function logValue(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { bool_param: value };
  return typeof value === 'number' ? { uint32_param: value } : { string_param: value };
}
