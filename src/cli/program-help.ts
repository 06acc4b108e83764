import { Help, type Argument, type Command } from 'commander';
import { paint } from './colours';

/** Width of the help, whatever the width of the terminal. */
const WIDTH = 80;

const EXAMPLES = [
  'nexus serve ./models --port 9000',
  'nexus predict language "Where is the station?"',
] as const;

/** The help of the program: a screen of 24 rows. */
export function programHelp(program: Command, help: Help): string {
  const groups = Map.groupBy(help.visibleCommands(program), (command) => command.helpGroup());
  const term = help.padWidth(program, help);
  return [
    `${paint('heading', 'Usage:')} nexus [command] [options]     ${paint('quiet', 'nexus help <command> shows its options')}`,
    ...[...groups].flatMap(([title, commands]) => [
      paint('heading', title),
      ...commands.map(
        (command) => `  ${help.subcommandTerm(command).padEnd(term)}  ${help.subcommandDescription(command)}`,
      ),
    ]),
    paint('heading', 'Examples:'),
    ...EXAMPLES.map((example) => `  ${example}`),
    `${paint('heading', 'Exit codes:')} 0 ok; 1 failed, or found a problem; 2 wrong arguments; 3 no gateway`,
    '',
  ].join('\n');
}

/** Settings of the help of all commands. */
export const HELP_STYLE: Partial<Help> = {
  helpWidth: WIDTH,
  styleTitle: (title) => paint('heading', title),
  // Options are on the page of the command.
  subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(termOf)].join(' '),
  formatHelp(command, help) {
    return command.parent === null ? programHelp(command, help) : new Help().formatHelp(command, help);
  },
};

function termOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
