export { Nexus, type ModelMetadata, type TensorMetadata } from './nexus.ts';
export { NexusError, type ErrorFacts } from './nexus-error.ts';
export type { CallOptions, NexusOptions } from './http.ts';
export type * from './model-types.ts';
export { tensor, type Datatype, type DatatypeOf, type Elements, type Tensor } from './tensor.ts';
