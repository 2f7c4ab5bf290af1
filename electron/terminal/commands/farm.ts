import { Command as CommanderCommand, Option } from 'commander';
import type { SampleRange } from '../../../shared/node-history.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface FarmUpdateOptions {
  readonly add?: string[];
  readonly remove?: string[];
  readonly rename?: string;
  readonly default?: true;
  readonly pin?: Record<Platform, string>;
}

interface NodeOptions {
  readonly node?: string[];
  readonly history?: keyof typeof ranges;
}

/** How far `--history` goes back. */
const ranges = { '10m': 'minutes', '3h': 'hours', '24h': 'day' } as const satisfies Record<string, SampleRange>;

/** `farm create`, `list`, `update` and `remove`. */
export function farmCommands({ onCommand }: ProgramOptions): CommanderCommand {
  const group = new CommanderCommand('farm').description('manage farms (named groups of connections)');
  group
    .command('create')
    .description('create a farm')
    .argument('<NAME>', 'name of the farm', values.parseName)
    .argument('[CONNECTION...]', 'connections of the farm', values.parseNames)
    .option('--default', 'make it the default farm')
    .addHelpText('after', examples('farm create pis pi4 pi5 --default'))
    .action((name: string, connections: string[] | undefined, options: { default?: true }) =>
      onCommand({
        kind: 'farm.create',
        farm: { name, connections: connections ?? [], makeDefault: options.default ?? false },
      }),
    );
  group
    .command('list')
    .alias('ls')
    .description('list farms')
    .addHelpText('after', examples('farm list'))
    .action(() => onCommand({ kind: 'farm.list' }));
  group
    .command('update')
    .description('change a farm')
    .argument('<FARM>', 'farm', values.parseName)
    .option('--add <CONNECTIONS>', 'connections to add: a,b', values.parseNames)
    .option('--remove <CONNECTIONS>', 'connections to remove: a,b', values.parseNames)
    .option('--rename <NAME>', 'new name of the farm', values.parseName)
    .option(
      '--pin <PLATFORM=NODE>',
      'build this platform on this node; PLATFORM= removes the pin',
      values.parseFarmPins,
    )
    .option('--default', 'make it the default farm')
    .addHelpText(
      'after',
      examples(
        'farm update pis --add mac,big --remove pi4',
        'farm update pis --rename berries',
        'farm update pis --pin linux/arm64=pi4',
      ),
    )
    .action((name: string, { add, remove, rename, pin, default: makeDefault }: FarmUpdateOptions) => {
      if (!add && !remove && !rename && !pin && !makeDefault) {
        throw values.invalidInput(
          `No changes were specified for farm ${name}.`,
          'Use --add, --remove, --rename, --pin or --default.',
        );
      }
      onCommand({
        kind: 'farm.update',
        change: {
          name,
          add: add ?? [],
          remove: remove ?? [],
          makeDefault: makeDefault ?? false,
          ...(rename === undefined ? {} : { rename }),
          ...(pin === undefined ? {} : { pins: pin }),
        },
      });
    });
  group
    .command('remove')
    .alias('rm')
    .description('remove farms and keep their connections')
    .argument('<FARM...>', 'farms', values.parseNames)
    .addHelpText('after', examples('farm remove pis'))
    .action((names: string[]) => onCommand({ kind: 'farm.remove', names }));
  return group;
}

/** `status` and `platforms`, for the nodes of a farm. */
export function nodeCommands({ onCommand }: ProgramOptions): CommanderCommand[] {
  const nodeCommand = (name: string, description: string, kind: 'status' | 'platforms'): CommanderCommand =>
    new CommanderCommand(name)
      .description(description)
      .argument('[FARM]', 'farm (default: the default farm, or all connections)', values.parseName)
      .option('--node <CONNECTIONS>', 'connections instead of a farm: a,b', values.parseNames)
      .addHelpText('after', examples(name, `${name} pis`, `${name} --node pi4`))
      .action((farm: string | undefined, { node, history }: NodeOptions) => {
        const selection = values.selectNodes(farm, node);
        onCommand(history ? { kind: 'status.history', selection, range: ranges[history] } : { kind, selection });
      });
  return [
    nodeCommand('status', 'show the state of the nodes', 'status')
      .addOption(
        new Option('--history <TIME>', 'show what the open app has seen of the nodes: 10m, 3h or 24h back').choices(
          Object.keys(ranges),
        ),
      )
      .addHelpText('after', examples('status --history 3h')),
    nodeCommand('platforms', 'list the platforms that the nodes can build, natively or emulated', 'platforms'),
  ];
}
