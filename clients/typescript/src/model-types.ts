import type { CallOptions } from './http.ts';
import type { Datatype, Tensor } from './tensor.ts';

/** What one model takes and gives. `yarn sdk` writes this down for every model of a gateway. */
export interface ModelTypes {
  /** By name: of one item, or of a model that does not batch with all of their dimensions. */
  inputs: object;
  outputs: object;
  /** The largest classes of the outputs that have labels, or are a vector of scores for each row. */
  classes: object | undefined;
  /** The same of several items; never for a model that does not batch. */
  inputRows: object;
  outputRows: object;
  classRows: object | undefined;
  /** Datatypes by name. */
  tensors: { inputs: Record<string, Datatype>; outputs: Record<string, Datatype> };
}

/** A model of which nothing is known. */
export interface AnyModel extends ModelTypes {
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  inputRows: Record<string, unknown>;
  outputRows: Record<string, unknown>;
}

/** Names of the models, and of the outputs of one of them. */
export type NameIn<Models> = keyof Models & string;
export type OutputIn<
  Models extends Record<Name, ModelTypes>,
  Name extends keyof Models,
> = keyof Models[Name]['tensors']['outputs'] & string;

/** What a request for a prediction says beside its inputs. */
export interface Asked<Output> {
  /** The outputs to compute; all when absent. */
  outputs?: readonly Output[];
  /** How many classes to tell of outputs that have labels, 5 by default, or are a vector of scores; 0 for none. */
  top_k?: number;
  /** Comes back in the answer. */
  id?: string;
}

/** A request for the prediction of one item, of several, or of instances one after another. */
export interface ItemRequest<Model extends ModelTypes, Output> extends Asked<Output> {
  inputs: Model['inputs'];
}
export interface RowsRequest<Model extends ModelTypes, Output> extends Asked<Output> {
  inputs: Model['inputRows'];
}
export interface InstancesRequest<Model extends ModelTypes, Output> extends Asked<Output> {
  instances: [Model['inputRows']] extends [never] ? never : readonly Model['inputs'][];
}

/** What every answer tells. */
export interface Answered {
  model: string;
  version: string;
  id?: string;
  /** Names the request in the log of the gateway; absent when neither side named it. */
  requestId?: string | undefined;
}

/** The outputs that were asked for, all of which are there. */
type Given<Outputs, Output> = Required<Pick<Outputs, Output & keyof Outputs>>;

/** The prediction of one item, of several, or of instances one after another. */
export interface ItemPrediction<Model extends ModelTypes, Output> extends Answered {
  outputs: Given<Model['outputs'], Output>;
  classes?: Model['classes'];
}
export interface RowsPrediction<Model extends ModelTypes, Output> extends Answered {
  outputs: Given<Model['outputRows'], Output>;
  classes?: Model['classRows'];
}
export interface InstancesPrediction<Model extends ModelTypes, Output> extends Answered {
  predictions: Given<Model['outputs'], Output>[];
  classes?: Model['classRows'];
}

/** Options of a call that runs a model. */
export interface RunOptions extends CallOptions {
  /** The version of the model; the newest that is ready when absent. */
  readonly version?: string | undefined;
}

/** Options of many predictions. */
export interface ManyOptions<Output> extends RunOptions, Omit<Asked<Output>, 'id'> {
  /** The most requests under way; 8 by default. */
  readonly concurrency?: number | undefined;
}

/** Options of inference with tensors. */
export interface InferOptions<Output> extends RunOptions {
  /** The outputs to compute; all when absent. */
  readonly outputs?: readonly Output[] | undefined;
}

/** A tensor for each name, of its datatype. */
export type Tensors<Datatypes extends Record<string, Datatype>> = {
  readonly [Name in keyof Datatypes]: Tensor<Datatypes[Name]>;
};

/** The answer to an inference with tensors. */
export interface Inference<Outputs> {
  readonly model: string;
  readonly version: string;
  readonly outputs: Outputs;
  readonly requestId?: string | undefined;
}
