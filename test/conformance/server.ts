import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeModels } from './models.ts';

/** A gateway with the models of the suite. Its gRPC address is missing when it does not print one. */
export interface Server {
  readonly url: string;
  readonly grpc: string | undefined;
  stop(): Promise<void>;
}

/**
 * Starts the built gateway on free ports and resolves when its models are loaded. `settings` are environment variables;
 * `addModels` may write models besides those of the suite.
 */
export async function startGateway(
  settings: NodeJS.ProcessEnv = {},
  addModels: (folder: string) => void = () => {},
): Promise<Server> {
  const models = mkdtempSync(join(tmpdir(), 'nexus-conformance-'));
  writeModels(models);
  addModels(models);
  const env = {
    ...process.env,
    NEXUS_PORT: '0',
    NEXUS_GRPC_PORT: '0',
    NEXUS_MODEL_REPOSITORY: models,
    NEXUS_DRAIN_DELAY_MS: '0',
    ...settings,
  };
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    rmSync(models, { recursive: true, force: true });
  };
  const printed = await firstLines(createInterface(child.stderr));
  const url = /http:\S+\d/.exec(printed)?.[0];
  if (url !== undefined) return { url, grpc: /gRPC\D*?([\w.[\]:]+:\d+)/.exec(printed)?.[1], stop };
  await stop();
  throw new Error(`the gateway did not start:\n${printed}`);
}

/** All that is printed up to the line about the docs, which comes when every model has been tried. */
async function firstLines(lines: AsyncIterable<string>): Promise<string> {
  let printed = '';
  for await (const line of lines) {
    printed += `${line}\n`;
    if (line.includes('Docs')) break;
  }
  return printed;
}
