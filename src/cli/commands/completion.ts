import { Argument, Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion/script.js';
import { globalsOf } from '../global-options.js';
import { PROGRAM } from '../program-name.js';

const HELP = `
It completes \`marketplace\` as a command of its own, as \`npm install --global\` makes it; through npx, no shell can.

Examples:
  $ ${PROGRAM} completion bash > ~/.local/share/bash-completion/completions/marketplace
  $ ${PROGRAM} completion zsh > "\${fpath[1]}/_marketplace"
  $ ${PROGRAM} completion fish > ~/.config/fish/completions/marketplace.fish`;

export function completionCommand(): Command {
  return new Command('completion')
    .description('a script that completes this command line in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell, _flags: object, command: Command) => {
      const { output } = globalsOf(command);
      const script = completionScript(shell, command.parent ?? command);
      output.item({ shell, script }, () => [script]);
    });
}
