import { Argument, type Command } from 'commander';

/** Adds the command `completion`, which prints a script for a shell, and the hidden one that the script calls. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Add one of these lines to the start-up file of your shell:
  ~/.bashrc                   eval "$(nexus completion bash)"
  ~/.zshrc                    eval "$(nexus completion zsh)"
  ~/.config/fish/config.fish  nexus completion fish | source`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { SCRIPTS } = await import('./scripts.js');
      process.stdout.write(SCRIPTS[shell]);
    });
  program
    .command('complete [words...]', { hidden: true })
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      const { completionsFor } = await import('./completions.js');
      const lines = (await completionsFor(program, words)).map(
        ({ word, meaning }) => `${word}\t${meaning}\n`,
      );
      process.stdout.write(lines.join(''));
    });
}
