import { Command as CommanderCommand } from 'commander';
import type { Selection } from '../../../shared/contract.ts';
import * as values from '../values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface FarmUpdateOptions {
  readonly add?: string[];
  readonly remove?: string[];
  readonly rename?: string;
  readonly default?: true;
}

export function farmCommands({ found }: ProgramOptions): CommanderCommand {
  const group = new CommanderCommand('farm').description('named groups of connections');
  group
    .command('create')
    .description('create a farm')
    .argument('<NAME>', 'what to call it', values.name)
    .argument('[CONNECTION...]', 'its connections', values.names)
    .option('--default', 'build on this farm when none is named')
    .addHelpText('after', examples('farm create pis pi4 pi5 --default'))
    .action((name: string, connections: string[] | undefined, options: { default?: true }) =>
      found({
        kind: 'farm.create',
        farm: { name, connections: connections ?? [], makeDefault: options.default ?? false },
      }),
    );
  group
    .command('list')
    .alias('ls')
    .description('list the farms')
    .action(() => found({ kind: 'farm.list' }));
  group
    .command('update')
    .description('change a farm')
    .argument('<NAME>', 'farm', values.name)
    .option('--add <LIST>', 'connections to add: a,b', values.names)
    .option('--remove <LIST>', 'connections to remove: a,b', values.names)
    .option('--rename <NAME>', 'its new name', values.name)
    .option('--default', 'build on this farm when none is named')
    .addHelpText('after', examples('farm update pis --add mac,big --remove pi4', 'farm update pis --rename berries'))
    .action((name: string, { add, remove, rename, default: makeDefault }: FarmUpdateOptions) => {
      if (!add && !remove && !rename && !makeDefault) {
        throw values.wrong(`Nothing to change of farm ${name}.`, 'Say --add, --remove, --rename or --default.');
      }
      found({
        kind: 'farm.update',
        change: {
          name,
          add: add ?? [],
          remove: remove ?? [],
          makeDefault: makeDefault ?? false,
          ...(rename === undefined ? {} : { rename }),
        },
      });
    });
  group
    .command('remove')
    .alias('rm')
    .description('remove farms; their connections stay')
    .argument('<NAME...>', 'farms', values.names)
    .addHelpText('after', examples('farm remove pis'))
    .action((names: string[]) => found({ kind: 'farm.remove', names }));
  return group;
}

export function nodeCommands({ found }: ProgramOptions): CommanderCommand[] {
  const ofFarm = (name: string, description: string, kind: 'status' | 'platforms' | 'prune'): CommanderCommand =>
    new CommanderCommand(name)
      .description(description)
      .argument('[FARM]', 'without one: the default farm, else every connection', values.name)
      .addHelpText('after', examples(name, `${name} pis`))
      .action((farm?: string) => {
        const selection: Selection = farm === undefined ? {} : { farm };
        found({ kind, selection });
      });
  return [
    ofFarm('status', 'ask the nodes how they are', 'status'),
    ofFarm('platforms', 'list the platforms that the nodes can build, and how', 'platforms'),
    ofFarm(
      'prune',
      'free what dangling images and build caches take on the nodes, and what killed builds have left there',
      'prune',
    ),
  ];
}
