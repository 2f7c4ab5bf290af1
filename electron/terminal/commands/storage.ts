import { Command as CommanderCommand } from 'commander';
import { defaultParts, pruneOrder } from '../../../shared/storage-kinds.ts';
import { parseAge, parseSize } from '../../../shared/storage-limits.ts';
import type { Command } from '../command.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface PruneOptions {
  readonly node?: string[];
  readonly all?: true;
  readonly cache?: true;
  readonly olderThan?: number;
  readonly keepStorage?: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

interface SchedulePruneOptions extends PruneOptions {
  readonly cron: string;
  readonly name?: string;
  readonly timeZone?: string;
  readonly replace?: true;
}

/** `df` and `prune`: what takes space on nodes and here, and its removal. */
export function storageCommands({ onCommand }: ProgramOptions): CommanderCommand[] {
  const df = new CommanderCommand('df')
    .description('show what takes disk space on the nodes and here')
    .argument('[FARM]', 'farm (default: the default farm, or all connections)', values.parseName)
    .option('--node <CONNECTIONS>', 'connections instead of a farm: a,b', values.parseNames)
    .addHelpText('after', examples('df', 'df pis', 'df --node pi4 --json'))
    .action((farm: string | undefined, { node }: { readonly node?: string[] }) =>
      onCommand({ kind: 'df', selection: values.selectNodes(farm, node) }),
    );
  const prune = withRules(new CommanderCommand('prune'))
    .description('remove what no build needs from the nodes, after a preview')
    .option('--dry-run', 'only show what would go')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
${defaultsText}
${examples('prune', 'prune pis --all --older-than 7d', 'prune --node pi4 --keep-storage 20GB --yes', 'prune pis --dry-run')}`,
    )
    .action((farm: string | undefined, options: PruneOptions) => {
      const { dryRun = false, yes = false } = options;
      onCommand({ kind: 'prune', ...readRules(farm, options), dryRun, yes });
    });
  return [df, prune];
}

const defaultsText = `By default, dangling images, build cache that no build uses, kept contexts and leftovers of interrupted builds are removed.
What a container or a running build uses is never removed.`;

/** `schedule prune`. */
export function schedulePruneCommand({ onCommand }: ProgramOptions): CommanderCommand {
  return withRules(new CommanderCommand('prune'))
    .description('add a schedule that removes what no build needs from nodes')
    .requiredOption('--cron <EXPRESSION>', 'when: minute, hour, day, month and weekday, or @hourly, @daily, @weekly')
    .option('--name <NAME>', 'name of the schedule (default: prune)', values.parseName)
    .option('--time-zone <ZONE>', 'time zone of the times, such as Europe/Berlin (default: that of this computer)')
    .option('--replace', 'replace the schedule with this name')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
${defaultsText} Nothing is shown before it goes.
${examples('schedule prune pis --cron @daily --keep-storage 20GB', 'schedule prune --cron @weekly --all --older-than 4w --yes')}`,
    )
    .action((farm: string | undefined, options: SchedulePruneOptions) => {
      const { cron, name = 'prune', timeZone, replace = false, yes = false } = options;
      const { selection, rules } = readRules(farm, options);
      onCommand({
        kind: 'schedule.prune',
        name,
        cron,
        ...(timeZone === undefined ? {} : { timeZone }),
        nodes: selection,
        rules,
        replaces: replace,
        yes,
      });
    });
}

/** Adds what selects nodes, and what is removed from them. */
function withRules(command: CommanderCommand): CommanderCommand {
  return command
    .argument('[FARM]', 'farm (default: the default farm, or all connections)', values.parseName)
    .option('--node <CONNECTIONS>', 'connections instead of a farm: a,b', values.parseNames)
    .option('--cache', 'also the cached images of projects')
    .option('-a, --all', 'also the cached images of projects, and images with a name that no container uses')
    .option(
      '--older-than <TIME>',
      'only what was last used so long ago: 12h, 7d, 4w',
      parseWith(parseAge, 'time', '7d'),
    )
    .option(
      '--keep-storage <SIZE>',
      'what was used last stays, up to so much on each node: 20GB',
      parseWith(parseSize, 'size', '20GB'),
    );
}

function readRules(
  farm: string | undefined,
  { node, all, cache, olderThan, keepStorage }: PruneOptions,
): Pick<Extract<Command, { kind: 'prune' }>, 'selection' | 'rules'> {
  const parts = all ? pruneOrder : cache ? ([...defaultParts, 'project'] as const) : defaultParts;
  return {
    selection: values.selectNodes(farm, node),
    rules: {
      parts: [...parts],
      ...(olderThan === undefined ? {} : { olderThanMs: olderThan }),
      ...(keepStorage === undefined ? {} : { keepBytes: keepStorage }),
    },
  };
}

function parseWith(parse: (text: string) => number | undefined, what: string, example: string) {
  return (text: string): number => {
    const value = parse(text);
    if (value === undefined) {
      throw values.invalidInput(`"${text}" is not a valid ${what}.`, `Use a ${what}, for example ${example}.`);
    }
    return value;
  };
}
