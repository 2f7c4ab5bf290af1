import { Argument, Command as CommanderCommand } from 'commander';
import { completionScript, shells } from '../completion/scripts.ts';
import { examples, type ProgramOptions } from './options.ts';

/** `completion`. */
export function completionCommand({ onText }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('completion')
    .description('print a script that completes commands, options and names in a shell')
    .addArgument(new Argument('<SHELL>', 'shell').choices(shells))
    .addHelpText(
      'after',
      `
Add one of these lines to the start file of your shell:
  bash (~/.bashrc)                      source <(barnraiser completion bash)
  zsh (~/.zshrc, after compinit)        source <(barnraiser completion zsh)
  fish (~/.config/fish/config.fish)     barnraiser completion fish | source
  powershell ($PROFILE)                 barnraiser completion powershell | Out-String | Invoke-Expression
${examples('completion bash')}`,
    )
    .action((shell: (typeof shells)[number]) => onText(completionScript(shell)));
}
