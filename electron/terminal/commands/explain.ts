import { Command as CommanderCommand } from 'commander';
import { examples, type ProgramOptions } from './options.ts';

/** `explain` */
export function explainCommand({ onCommand }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('explain')
    .description('explain a problem: what it means, why it happens, and what to do')
    .argument('[CODE...]', 'code of a problem, the start of one, or words of its message (default: list all codes)')
    .addHelpText(
      'after',
      examples(
        'explain ssh.host-key-changed',
        'explain registry',
        'explain "refused to sign in user"',
        'explain disk.full --json',
      ),
    )
    .action((words: readonly string[]) => {
      const text = words.join(' ').trim();
      onCommand({ kind: 'explain', ...(text === '' ? {} : { text }) });
    });
}
