import { TRANSPORTS, Mismatch, type Case, type Context, type Level, type TransportName } from './case.ts';
import { datatypeCases } from './cases/datatypes.ts';
import { errorCases } from './cases/errors.ts';
import { grpcCases } from './cases/grpc.ts';
import { healthCases } from './cases/health.ts';
import { metadataCases } from './cases/metadata.ts';
import { outputCases } from './cases/outputs.ts';
import { restCases } from './cases/rest.ts';
import { restErrorCases } from './cases/rest-errors.ts';
import { shapeCases } from './cases/shapes.ts';
import { textCases } from './cases/text.ts';
import { expectModels } from './ready.ts';
import type { Client } from './transports/client.ts';
import { GrpcProtocolClient } from './transports/grpc-client.ts';
import { Grpc } from './transports/grpc.ts';
import { Rest } from './transports/http.ts';
import { RestClient } from './transports/rest.ts';

/** Every case of the suite. */
export const CASES: readonly Case[] = [
  ...healthCases,
  ...metadataCases,
  ...datatypeCases,
  ...shapeCases,
  ...textCases,
  ...outputCases,
  ...errorCases,
  ...restCases,
  ...restErrorCases,
  ...grpcCases,
];

/** What became of one case on one transport. `skipped` says that the transport is not there. */
export interface Result {
  readonly name: string;
  readonly level: Level;
  readonly basis: string;
  readonly transport: TransportName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly expected?: string;
  readonly got?: string;
}

/** Where the server is, and which cases to run. */
export interface Target {
  /** As in http://host:8000 or https://host. */
  readonly url: string;
  /** As in host:8001, or grpcs://host:443 for TLS; without it the cases on gRPC are skipped. */
  readonly grpc?: string | undefined;
  /** Runs only the cases whose name matches. */
  readonly only?: RegExp | undefined;
}

const CONNECT_MS = 3000;

/**
 * Runs the cases against a server, one after the other, each on every transport it is for. `onCase` is told which comes.
 *
 * @throws NotReady when the server does not answer or lacks models of the suite; no case has run then.
 */
export async function runSuite(
  { url, grpc: address, only }: Target,
  onCase: (text: string) => void = () => {},
): Promise<Result[]> {
  const rest = new Rest(url);
  const grpc = new Grpc(address ?? 'localhost:8001');
  const clients: Record<TransportName, Client> = {
    'REST JSON': new RestClient(rest, 'json'),
    'REST binary': new RestClient(rest, 'binary'),
    gRPC: new GrpcProtocolClient(grpc),
  };
  try {
    await expectModels(clients['REST JSON']);
    const grpcIsThere = address !== undefined && (await answers(grpc));
    if (grpcIsThere) await expectModels(clients.gRPC);
    const plan = planOf(only);
    const results: Result[] = [];
    for (const { tested, transport } of plan) {
      onCase(`${results.length + 1}/${plan.length}  ${transport}: ${tested.name}`);
      const there = transport !== 'gRPC' || grpcIsThere;
      results.push(await runCase(tested, transport, there && { client: clients[transport], rest, grpc }));
    }
    return results;
  } finally {
    rest.close();
    grpc.close();
  }
}

function planOf(only?: RegExp): { tested: Case; transport: TransportName }[] {
  return CASES.filter(({ name }) => only?.test(name) ?? true).flatMap((tested) =>
    (tested.on ?? TRANSPORTS).map((transport) => ({ tested, transport })),
  );
}

async function runCase(tested: Case, transport: TransportName, context: Context | false): Promise<Result> {
  const { name, level, basis } = tested;
  const head = { name, level, basis, transport };
  if (!context) return { ...head, outcome: 'skipped' };
  try {
    await tested.run(context);
    return { ...head, outcome: 'passed' };
  } catch (error) {
    const { expected, got } =
      error instanceof Mismatch ? error : { expected: 'an answer', got: (error as Error).message };
    return { ...head, outcome: 'failed', expected, got };
  }
}

function answers(grpc: Grpc): Promise<boolean> {
  return grpc.connect(CONNECT_MS).then(
    () => true,
    () => false,
  );
}
