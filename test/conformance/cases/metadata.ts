import type { Case } from '../case.ts';
import { equal, holds, refused } from '../expect.ts';
import { MODELS } from '../models.ts';

const SERVER = 'Open Inference Protocol V2, Server Metadata';
const MODEL = 'Open Inference Protocol V2, Model Metadata';
const INDEX = "Triton's model repository extension, Index";

/** What the server tells of itself, its models and its repository. */
export const metadataCases: readonly Case[] = [
  {
    name: 'the server tells its name, version and extensions',
    level: 'required',
    basis: SERVER,
    run: async ({ client }) => {
      const { name, version, extensions } = await client.serverMetadata();
      const texts = [name, version, ...extensions];
      holds(
        texts.every((text) => typeof text === 'string' && text !== ''),
        'texts that are not empty',
        texts,
      );
    },
  },
  ...['affine', 'sum_difference', 'identity_bytes', 'identity_rank8'].map(describes),
  {
    name: 'metadata of one version names that version',
    level: 'recommended',
    basis: "Triton's answer to /v2/models/{model}/versions/{version}",
    run: async ({ client }) =>
      equal('versions', (await client.modelMetadata('versions', '1')).versions, ['1']),
  },
  {
    name: 'metadata names every version',
    level: 'required',
    basis: MODEL,
    run: async ({ client }) =>
      equal('versions', (await client.modelMetadata('versions')).versions.toSorted(), ['1', '2']),
  },
  {
    name: 'metadata of an unknown model is refused',
    level: 'required',
    basis: MODEL,
    run: async ({ client }) => void (await refused(client.modelMetadata('no_such_model'))),
  },
  {
    name: 'metadata of an unknown version is refused',
    level: 'required',
    basis: MODEL,
    run: async ({ client }) => void (await refused(client.modelMetadata('affine', '99'))),
  },
  {
    name: 'the index lists every model, asked without a body',
    level: 'recommended',
    basis: INDEX,
    on: ['REST JSON', 'gRPC'],
    run: async ({ client }) => {
      const names = new Set((await client.index()).map(({ name }) => name));
      equal(
        'models missing:',
        Object.keys(MODELS).filter((name) => !names.has(name)),
        [],
      );
    },
  },
  {
    name: 'the index is given for a body with ready',
    level: 'recommended',
    basis: INDEX,
    on: ['REST JSON'],
    run: async ({ rest }) => {
      const { body } = await rest.ask('/v2/repository/index', { method: 'POST', body: '{"ready":true}' });
      const entries = JSON.parse(body.toString()) as { state?: string }[];
      holds(entries.length > 0, 'entries', entries);
      equal(
        'entries that are not READY:',
        entries.filter(({ state }) => state !== 'READY'),
        [],
      );
    },
  },
];

function describes(name: string): Case {
  const { inputs, outputs } = MODELS[name]!;
  return {
    name: `metadata of ${name} has its inputs and outputs`,
    level: 'required',
    basis: MODEL,
    run: async ({ client }) => {
      const metadata = await client.modelMetadata(name);
      equal('name', metadata.name, name);
      holds(metadata.platform !== '', 'a platform', metadata.platform);
      equal('inputs', metadata.inputs.map(signature), inputs.map(withShape).map(signature));
      equal('outputs', metadata.outputs.map(signature), outputs.map(withShape).map(signature));
    },
  };
}

/** Servers may tell more of a tensor than this. */
function signature({ name, datatype, shape }: { name: string; datatype: string; shape: readonly number[] }) {
  return { name, datatype, shape };
}

function withShape<T extends { readonly rank: number }>(port: T): T & { shape: number[] } {
  return { ...port, shape: Array<number>(port.rank).fill(-1) };
}
