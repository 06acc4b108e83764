import type { Case } from '../case.ts';
import { equal, refused } from '../expect.ts';

const BASIS = 'Open Inference Protocol V2, Health';

/** Whether the server and its models say that they serve. */
export const healthCases: readonly Case[] = [
  {
    name: 'the server is live',
    level: 'required',
    basis: BASIS,
    run: async ({ client }) => equal('live', await client.live(), true),
  },
  {
    name: 'the server is ready',
    level: 'required',
    basis: BASIS,
    run: async ({ client }) => equal('ready', await client.ready(), true),
  },
  {
    name: 'a model is ready',
    level: 'required',
    basis: BASIS,
    run: async ({ client }) => equal('ready', await client.modelReady('affine'), true),
  },
  {
    name: 'a version of a model is ready',
    level: 'required',
    basis: BASIS,
    run: async ({ client }) => equal('ready', await client.modelReady('versions', '1'), true),
  },
  {
    name: 'an unknown model is not ready',
    level: 'required',
    basis: BASIS,
    run: ({ client }) => isNotReady(client.modelReady('no_such_model')),
  },
  {
    name: 'an unknown version is not ready',
    level: 'required',
    basis: BASIS,
    run: ({ client }) => isNotReady(client.modelReady('affine', '99')),
  },
];

/** Over gRPC, false is as good an answer as an error. */
async function isNotReady(call: Promise<boolean>): Promise<void> {
  const answer = await call.catch(() => undefined);
  if (answer === undefined) await refused(call);
  else equal('ready', answer, false);
}
