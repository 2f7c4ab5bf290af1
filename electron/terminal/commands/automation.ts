import { Command as CommanderCommand, Option } from 'commander';
import { isName } from '../../../shared/connection.ts';
import type { BuildCommand, Command } from '../command.ts';
import { createBuildCommand } from './build.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { schedulePruneCommand } from './storage.ts';

interface WatchOptions {
  readonly debounce?: number;
  readonly finish?: true;
  readonly poll?: true;
}

interface AddOptions {
  readonly cron: string;
  readonly name?: string;
  readonly timeZone?: string;
  readonly missed: 'skip' | 'run';
  readonly onlyIfChanged?: true;
  readonly onlyIfBaseNewer?: true;
  readonly paused?: true;
  readonly replace?: true;
}

/** `watch` and `schedule`. */
export function automationCommands(options: ProgramOptions): CommanderCommand[] {
  return [watchCommand(options), scheduleCommands(options)];
}

function watchCommand(options: ProgramOptions): CommanderCommand {
  const command = laterBuild(options, { name: 'watch', project: 'folder of the project' }, (build) => {
    const { debounce, finish, poll } = command.opts<WatchOptions>();
    return {
      kind: 'watch',
      build,
      watch: {
        ...(debounce === undefined ? {} : { debounceMs: debounce }),
        finishBuilds: finish ?? false,
        poll: poll ?? false,
      },
    };
  });
  return command
    .description('build a project now, and again whenever its files change')
    .option(
      '--debounce <MILLISECONDS>',
      'build when nothing has changed for so long (default: 300)',
      values.parseMilliseconds,
    )
    .option('--finish', 'let a build end that a change has outdated, instead of cancelling it')
    .option('--poll', 'look at the files again and again, where the system does not notice changes')
    .addHelpText(
      'after',
      `
Changes are those of what a build sends: files that the ignore file names, and files that editors and git
keep for themselves, start no build.
${examples('watch .', 'watch -t api:dev --farm pis ./api', 'watch -t registry.example.com/team/api:dev --push .')}`,
    );
}

/** `schedule add`, `prune`, `list`, `remove`, `pause`, `resume`, `run`, `times` and `daemon`. */
function scheduleCommands(options: ProgramOptions): CommanderCommand {
  const { onCommand } = options;
  const group = new CommanderCommand('schedule').description('build projects and prune nodes at times');
  const add = laterBuild(
    options,
    { name: 'add', project: 'project: a folder, a tar, or the URL of a git repository' },
    (build) => {
      if (build.credentials) {
        throw values.invalidInput(
          'Schedules keep no passwords.',
          'Sign in once with `podman login` or `docker login`, and leave the credentials out.',
        );
      }
      if (build.quiet || Object.keys(build.outputFiles).length > 0) {
        throw values.invalidInput(
          '--quiet and the options that write files have no use for a schedule.',
          'Leave them out.',
        );
      }
      const { cron, name, timeZone, missed, onlyIfChanged, onlyIfBaseNewer, paused, replace } = add.opts<AddOptions>();
      return {
        kind: 'schedule.add',
        build,
        cron,
        ...(name === undefined ? {} : { name }),
        ...(timeZone === undefined ? {} : { timeZone }),
        missed,
        onlyIfChanged: onlyIfChanged ?? false,
        onlyIfBaseNewer: onlyIfBaseNewer ?? false,
        isPaused: paused ?? false,
        replaces: replace ?? false,
      };
    },
  );
  add
    .description('add a schedule that builds a project')
    .requiredOption('--cron <EXPRESSION>', 'when: minute, hour, day, month and weekday, or @hourly, @daily, @weekly')
    .option('--name <NAME>', 'name of the schedule (default: the name of the project)', values.parseName)
    .option('--time-zone <ZONE>', 'time zone of the times, such as Europe/Berlin (default: that of this computer)')
    .addOption(
      new Option('--missed <ACTION>', 'when no Barnraiser was running: leave the build out, or make up for it once')
        .choices(['skip', 'run'])
        .default('skip'),
    )
    .option('--only-if-changed', 'build only when the files have changed since the last build')
    .option(
      '--only-if-base-newer',
      'build only when the registry of a base image has a newer one; with --only-if-changed: when either is so',
    )
    .option('--paused', 'add it paused')
    .option('--replace', 'replace the schedule with this name')
    .addHelpText(
      'after',
      `
The app runs schedules while it is open. On a computer without it, \`barnraiser schedule daemon\` does.
${examples(
  'schedule add --cron "30 2 * * 1-5" -t registry.example.com/team/api:nightly --push .',
  'schedule add --cron @daily --name nightly --missed run https://registry.example.com/team/api.git',
  'schedule add --cron "0 * * * *" --only-if-changed -t api:hourly ./api',
)}`,
    );
  group.addCommand(add);
  group.addCommand(schedulePruneCommand(options));
  group
    .command('list')
    .alias('ls')
    .description('list schedules, when they run next and what became of the last run')
    .addHelpText('after', examples('schedule list'))
    .action(() => onCommand({ kind: 'schedule.list' }));
  const named = (name: string, description: string, command: (names: string[]) => Command): CommanderCommand =>
    group
      .command(name)
      .description(description)
      .argument('<SCHEDULE...>', 'names of schedules', values.parseNames)
      .addHelpText('after', examples(`schedule ${name} nightly`))
      .action((names: string[]) => onCommand(command([...new Set(names)])));
  named('remove', 'remove schedules; their builds are kept', (names) => ({ kind: 'schedule.remove', names })).alias(
    'rm',
  );
  named('pause', 'leave out the times of schedules until they are resumed', (names) => ({
    kind: 'schedule.pause',
    names,
    isPaused: true,
  }));
  named('resume', 'resume paused schedules', (names) => ({ kind: 'schedule.pause', names, isPaused: false }));
  group
    .command('run')
    .description('run a schedule now and show its build')
    .argument('<SCHEDULE>', 'name of the schedule', values.parseName)
    .addHelpText('after', examples('schedule run nightly'))
    .action((name: string) => onCommand({ kind: 'schedule.run', name }));
  group
    .command('times')
    .description('print the next five times of a cron expression')
    .argument('<EXPRESSION>', 'five fields, or a name such as @daily')
    .option('--time-zone <ZONE>', 'time zone, such as Europe/Berlin (default: that of this computer)')
    .addHelpText('after', examples('schedule times "30 2 * * 1-5" --time-zone Europe/Berlin'))
    .action((cron: string, { timeZone }: { timeZone?: string }) =>
      onCommand({ kind: 'schedule.times', cron, ...(timeZone === undefined ? {} : { timeZone }) }),
    );
  group
    .command('daemon')
    .description('run schedules at their times until it is interrupted, on a computer where the app is not open')
    .addHelpText('after', examples('schedule daemon'))
    .action(() => onCommand({ kind: 'schedule.daemon' }));
  return group;
}

/** A command that has the options of `build` and builds later, or more than once. */
function laterBuild(
  options: ProgramOptions,
  { name, project }: { readonly name: string; readonly project: string },
  wrap: (build: Omit<BuildCommand, 'kind'>) => Command,
): CommanderCommand {
  const command = createBuildCommand(
    {
      ...options,
      onCommand: (parsed) => {
        if (parsed.kind !== 'build' || parsed.equivalent !== undefined || parsed.dryRun) {
          throw values.invalidInput(
            '--check, --dry-run and --equivalent build nothing.',
            'Use them with `barnraiser build`.',
          );
        }
        const { kind: _, ...build } = parsed;
        if (build.request.context === '-' || build.containerfileFrom === 0) {
          throw values.invalidInput(
            'Standard input is read once and cannot be built again.',
            'Use a folder, an archive or a git repository.',
          );
        }
        options.onCommand(wrap(build));
      },
    },
    name,
    project,
  );
  for (const option of command.options) {
    if (['--check', '--dry-run', '--equivalent'].includes(option.long ?? '')) {
      option.hideHelp();
    }
  }
  return command;
}

/** The last part of a project's path or a reference as the name of a schedule. */
export function scheduleName(text: string): string {
  const [last = ''] = text.split(/[/:]/).filter(Boolean).slice(-1);
  const name = last.replace(/\.git$/, '').replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return isName(name) ? name : 'build';
}
