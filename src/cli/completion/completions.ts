import type { Command } from 'commander';
import { GatewayClient } from '../gateway-client';
import { declareSettings } from '../setting-flags';

/** A word that can come next on the command line. */
export interface Completion {
  readonly word: string;
  /** Description; may be empty. */
  readonly meaning: string;
}

/** Longer than a nearby gateway takes, and shorter than a person waits. */
const GATEWAY_TIMEOUT_MS = 1000;

/** Words in which no shell sees a command. Servers can send any. */
const SAFE_WORD = /^[\p{L}\p{N}_][\p{L}\p{N}_.@+-]*$/u;

/**
 * What can replace the last of `words`, the words after `nexus`: commands, flags, or the models of the running gateway. Empty
 * for names of files, and where anything can follow.
 */
export async function completionsFor(
  program: Command,
  words: readonly string[],
): Promise<readonly Completion[]> {
  const current = words.at(-1) ?? '';
  const { command, position, expectsValue } = await placeOf(program, words.slice(0, -1));
  if (expectsValue) return [];
  if (current.startsWith('-')) return flagsOfCommand(command, current);
  if (command.commands.length > 0) return subcommandsOf(command);
  const argument = command.registeredArguments[position];
  if (argument?.argChoices) return argument.argChoices.map((word) => ({ word, meaning: '' }));
  return argument?.name() === 'model' ? modelNames() : [];
}

/** The command that `words` select, the number of its arguments, and whether the last word is a flag that needs a value. */
async function placeOf(program: Command, words: readonly string[]) {
  let command = program;
  let position = 0;
  let expectsValue = false;
  await declareSettings(command);
  for (const word of words) {
    if (expectsValue) {
      expectsValue = false;
    } else if (word.startsWith('-')) {
      const option = command.options.find(({ long, short }) => word === long || word === short);
      expectsValue = option?.required ?? false;
    } else {
      const next = command.commands.find((candidate) => candidate.name() === word);
      if (next === undefined) position++;
      else {
        command = next;
        await declareSettings(command);
      }
    }
  }
  return { command, position, expectsValue };
}

/**
 * The flags that help shows; all of them once the user has typed more than the dashes. Never those with underscores, which
 * repeat others.
 */
function flagsOfCommand(command: Command, typed: string): Completion[] {
  const shown = command.options.filter(({ hidden }) => !hidden || typed.length > '--'.length);
  const flags = shown
    .map(({ long, description }) => ({ word: long ?? '', meaning: description }))
    .filter(({ word }) => !word.includes('_'));
  return [...flags, { word: '--help', meaning: 'print the help' }];
}

function subcommandsOf(command: Command): Completion[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((visible) => ({ word: visible.name(), meaning: visible.description() }));
}

async function modelNames(): Promise<readonly Completion[]> {
  try {
    const response = await GatewayClient.of({}).send('/v2/repository/index', {
      method: 'POST',
      signal: AbortSignal.timeout(GATEWAY_TIMEOUT_MS),
    });
    const index = (await response.json()) as readonly { readonly name: string }[];
    const names = new Set(index.map(({ name }) => name));
    return [...names].filter((name) => SAFE_WORD.test(name)).map((word) => ({ word, meaning: 'model' }));
  } catch {
    // Without a gateway, there are no names to offer, and no place for an error.
    return [];
  }
}
