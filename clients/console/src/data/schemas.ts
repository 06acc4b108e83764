import type { components } from './contract.ts';

type Schemas = components['schemas'];

export type ConsoleSnapshot = Schemas['ConsoleSnapshot'];
export type ConsoleCaller = Schemas['ConsoleCaller'];
export type ConsoleGateway = Schemas['ConsoleGateway'];
export type ConsoleModel = Schemas['ConsoleModel'];
export type ConsoleError = Schemas['ConsoleError'];
export type ConsoleUsage = Schemas['ConsoleUsage'];
export type ModelDetails = Schemas['ModelDetails'];
export type VersionDetails = Schemas['VersionDetails'];
export type SignatureTensor = Schemas['SignatureTensor'];
export type ModelShadow = Schemas['ModelShadow'];
export type Traffic = Schemas['ModelTraffic'];
export type RepositoryIndexEntry = Schemas['RepositoryIndexEntry'];
