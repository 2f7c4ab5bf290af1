import { Command as CommanderCommand } from 'commander';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

/** `stats`: success and times of jobs, from the history. */
export function statisticsCommand({ onCommand, workingFolder }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('stats')
    .description('show success rates and times of nodes and platforms, from the history of builds')
    .argument('[FARM]', 'only builds of this farm', values.parseName)
    .option('--project <FOLDER>', 'only builds of this project', values.pathParser(workingFolder))
    .option('--builds <NUMBER>', 'how many builds to count, the newest first (default: 10000)', values.parseLimit)
    .addHelpText('after', examples('stats', 'stats pis', 'stats --project ./api --builds 100'))
    .action((farm: string | undefined, { project, builds }: { readonly project?: string; readonly builds?: number }) =>
      onCommand({
        kind: 'statistics',
        request: {
          ...(farm === undefined ? {} : { farm }),
          ...(project === undefined ? {} : { project }),
          ...(builds === undefined ? {} : { builds }),
        },
      }),
    );
}
