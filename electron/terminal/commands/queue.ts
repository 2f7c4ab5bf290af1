import { Command as CommanderCommand } from 'commander';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface MoveOptions {
  readonly first?: true;
  readonly last?: true;
  readonly before?: string;
}

/** `queue`, `queue move`, `queue pause` and `queue resume`. */
export function queueCommands({ onCommand }: ProgramOptions): CommanderCommand {
  const group = new CommanderCommand('queue').description('show and change which builds wait for the nodes');
  group
    .command('list', { isDefault: true })
    .alias('ls')
    .description('show the jobs that run and wait on each node, with estimates')
    .argument('[FARM]', 'farm (default: all nodes)', values.parseName)
    .option('--watch', 'show it until Ctrl+C')
    .addHelpText('after', examples('queue', 'queue pis --watch'))
    .action((farm: string | undefined, { watch = false }: { readonly watch?: boolean }) =>
      onCommand({ kind: 'queue', watch, ...(farm === undefined ? {} : { farm }) }),
    );
  group
    .command('move')
    .description('change when the waiting jobs of a build start')
    .argument('<BUILD>', 'build')
    .option('--first', 'before all others')
    .option('--last', 'after all others')
    .option('--before <BUILD>', 'before another build')
    .addHelpText('after', examples('queue move 20260728-101500-ab12 --first'))
    .action((id: string, { first, last, before }: MoveOptions) => {
      const targets = [
        ...(first ? ['first' as const] : []),
        ...(last ? ['last' as const] : []),
        ...(before ? [{ before }] : []),
      ];
      const [to] = targets;
      if (!to || targets.length > 1) {
        throw values.invalidInput(
          'It is not clear where to move the build.',
          'Use one of --first, --last and --before.',
        );
      }
      onCommand({ kind: 'queue.move', id, to });
    });
  const pauseCommand = (name: 'pause' | 'resume', description: string, help: string): void => {
    group
      .command(name)
      .description(description)
      .argument('[BUILD]', 'build (default: all, also those that start later)')
      .addHelpText('after', `\n${help}\n${examples(`queue ${name}`, `queue ${name} 20260728-101500-ab12`)}`)
      .action((id: string | undefined) => onCommand({ kind: `queue.${name}`, ...(id === undefined ? {} : { id }) }));
  };
  pauseCommand('pause', 'start no further jobs of a build', 'Jobs that run go on.');
  pauseCommand(
    'resume',
    'start jobs of a paused build again',
    'A build may have been paused by itself and with all others.',
  );
  return group;
}

/** `node pause`, `drain`, `resume` and `list`. */
export function nodeHoldCommands({ onCommand }: ProgramOptions): CommanderCommand {
  const group = new CommanderCommand('node').description('pause and drain nodes');
  const holdCommand = (name: 'pause' | 'drain', description: string): void => {
    group
      .command(name)
      .description(description)
      .argument('<CONNECTION...>', 'connections of the nodes', values.parseNames)
      .option('--reason <TEXT>', 'why, for others who see it')
      .addHelpText('after', examples(`node ${name} pi4 --reason "disk swap"`))
      .action((names: string[], { reason }: { readonly reason?: string }) =>
        onCommand({
          kind: 'node.hold',
          names,
          state: name === 'pause' ? 'paused' : 'draining',
          ...(reason === undefined ? {} : { reason }),
        }),
      );
  };
  holdCommand('pause', 'let a node start no further jobs; those that wait for it go on waiting');
  holdCommand('drain', 'let a node take no jobs; those that wait for it move to other nodes, those that run finish');
  group
    .command('resume')
    .description('let a node take jobs again')
    .argument('<CONNECTION...>', 'connections of the nodes', values.parseNames)
    .addHelpText('after', examples('node resume pi4'))
    .action((names: string[]) => onCommand({ kind: 'node.resume', names }));
  group
    .command('list')
    .alias('ls')
    .description('list the nodes that are paused or drained')
    .addHelpText('after', examples('node list'))
    .action(() => onCommand({ kind: 'node.holds' }));
  return group;
}
