import { Config } from './config/config';
import { variableOf } from './config/load-config';
import { DESCRIPTION, VERSION } from './common/version';

/** What the command line asks for, other than to serve. */
export interface Told {
  readonly text: string;
  readonly exitCode: 0 | 2;
}

const HELP = ['--help', '-h'];
const VERSIONS = ['--version', '-v'];

/** The settings that most people want, of those in docs/configuration.md. */
const MAIN_SETTINGS: readonly [keyof Config, string][] = [
  ['modelRepository', 'folder of models, <model>/<version>/model.onnx, or one .onnx file'],
  ['host', 'address to listen on; 0.0.0.0 for all'],
  ['port', 'port of HTTP'],
  ['grpcPort', 'port of gRPC'],
  ['modelControlMode', 'none, explicit or poll: when models are loaded'],
  ['device', 'auto, cpu or cuda'],
  ['logLevel', 'least severe log lines that are written'],
];

/** The answer to the arguments of the command line, of which there is one at least. */
export function answerTo(args: readonly string[]): Told {
  const unknown = args.find((arg) => !HELP.includes(arg) && !VERSIONS.includes(arg));
  if (unknown !== undefined)
    return {
      text: `${JSON.stringify(unknown)}: there is no such argument; settings are environment variables, see --help`,
      exitCode: 2,
    };
  return { text: args.some((arg) => HELP.includes(arg)) ? usage() : VERSION, exitCode: 0 };
}

function usage(): string {
  const defaults = new Config();
  const rows = MAIN_SETTINGS.map(([field, meaning]) => [variableOf(field), String(defaults[field]), meaning]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map(
    (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`,
  );
  return [
    `Nexus ${VERSION}. ${DESCRIPTION}`,
    '',
    'Usage: npm start [-- --help | --version]',
    '       node dist/main.js [--help | --version]',
    '',
    'Settings are environment variables, here with their defaults; all are in docs/configuration.md:',
    '',
    ...table,
    '',
    `Example: NEXUS_MODEL_REPOSITORY=./models npm start`,
    `A gateway that runs has its API at http://${defaults.host}:${defaults.port}/docs.`,
  ].join('\n');
}
