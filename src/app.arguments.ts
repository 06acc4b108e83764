import { Config } from './config/config';
import { variableOf } from './config/load-config';
import { DESCRIPTION, VERSION } from './common/version';

/** The output for command-line arguments. */
export interface CommandLineAnswer {
  readonly text: string;
  readonly exitCode: 0 | 2;
}

const HELP = ['--help', '-h'];
const VERSIONS = ['--version', '-v'];

/** The most common settings; docs/configuration.md lists all of them. */
const MAIN_SETTINGS: readonly [keyof Config, string][] = [
  ['modelRepository', 'folder of models, <model>/<version>/model.onnx, or one .onnx file'],
  ['host', 'address to listen on; 0.0.0.0 for all addresses'],
  ['port', 'HTTP port'],
  ['grpcPort', 'gRPC port'],
  ['modelControlMode', 'when to load models: none, explicit or poll'],
  ['device', 'auto, cpu or cuda'],
  ['logLevel', 'least severe level to log'],
];

/** The output for `args`, which has at least one argument. */
export function answerTo(args: readonly string[]): CommandLineAnswer {
  const unknown = args.find((arg) => !HELP.includes(arg) && !VERSIONS.includes(arg));
  if (unknown !== undefined)
    return {
      text: `unknown argument ${JSON.stringify(unknown)}; settings are environment variables, see --help`,
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
    '       node dist/main.js keys create|list|disable|rotate   edits the file of API keys; see keys --help',
    '',
    'Settings are environment variables. These are the most common, with their defaults; docs/configuration.md lists all:',
    '',
    ...table,
    '',
    `Example: NEXUS_MODEL_REPOSITORY=./models npm start`,
    `While Nexus runs, its API documentation is at http://${defaults.host}:${defaults.port}/docs.`,
  ].join('\n');
}
