import { Command as CommanderCommand } from 'commander';
import { type FixId, fixIdSchema } from '../../../shared/check.ts';
import * as values from '../values.ts';
import { examples, type ProgramOptions } from './options.ts';

export function connectionCommands({ folder, found }: ProgramOptions): CommanderCommand {
  const group = new CommanderCommand('connection').description('the engines that Barnraiser may build on');
  group
    .command('add')
    .description('add a connection, and test it')
    .argument('<NAME>', 'what to call it', values.name)
    .argument('<URI>', 'ssh://[user@]host[:port][/path/to.sock] or unix:///path/to.sock', values.uri)
    .option(
      '--identity <FILE>',
      'private key; without one the agent and the default keys are tried',
      values.path(folder),
    )
    .option('--no-test', 'do not try to reach it')
    .addHelpText(
      'after',
      examples(
        'connection add pi4 ssh://pi@pi4.local',
        'connection add big ssh://root@10.0.0.7:2222/run/podman/podman.sock --identity ~/.ssh/big',
        'connection add here unix:///run/user/1000/podman/podman.sock',
      ),
    )
    .action((name: string, uri: string, { identity, test }: { identity?: string; test: boolean }) =>
      found({ kind: 'connection.add', connection: { name, uri, ...(identity ? { identity } : {}) }, test }),
    );
  group
    .command('list')
    .alias('ls')
    .description('list the connections')
    .action(() => found({ kind: 'connection.list' }));
  group
    .command('remove')
    .alias('rm')
    .description('remove connections, also from the farms that hold them')
    .argument('<NAME...>', 'connections', values.names)
    .addHelpText('after', examples('connection remove pi4'))
    .action((names: string[]) => found({ kind: 'connection.remove', names }));
  group
    .command('test')
    .description('try to reach connections, step by step, and say what to do where that fails')
    .argument('<NAME...>', 'connections', values.names)
    .addHelpText('after', examples('connection test pi4 big'))
    .action((names: string[]) => found({ kind: 'connection.test', names }));
  group
    .command('fix')
    .description('do on a node what a test has offered, and test it again')
    .argument('<NAME>', 'connection', values.name)
    .argument('<FIX>', `${fixIdSchema.options.join(', ')}`, values.fix)
    .addHelpText('after', examples('connection fix pi4 enable-socket'))
    .action((name: string, fix: FixId) => found({ kind: 'connection.fix', name, fix }));
  group
    .command('resolve')
    .description('print what the SSH configuration says about a host, as `ssh -G` does')
    .argument('<HOST>', 'HOST, USER@HOST or ssh://USER@HOST:PORT')
    .option('--ssh-config <FILE>', 'read this file instead of ~/.ssh/config; `none` reads none', (file) =>
      file === 'none' ? file : values.path(folder)(file),
    )
    .addHelpText('after', examples('connection resolve pi4', 'connection resolve pi4 --ssh-config ./ssh_config'))
    .action((host: string, { sshConfig }: { sshConfig?: string }) =>
      found({ kind: 'connection.resolve', request: { host, ...(sshConfig ? { sshConfig } : {}) } }),
    );
  group.addCommand(importCommand({ folder, found }));
  group.addCommand(exportCommand({ folder, found }));
  return group;
}

interface ImportOptions {
  readonly from?: ReturnType<typeof values.sources>;
  readonly file?: string;
  readonly farm?: string[];
  readonly all?: true;
  readonly dryRun?: true;
}

function importCommand({ folder, found }: Pick<ProgramOptions, 'folder' | 'found'>): CommanderCommand {
  return new CommanderCommand('import')
    .description('add engines and farms that podman, docker, OpenSSH or a file know of')
    .argument('[NAME...]', 'connections, by the names that the preview shows', values.names)
    .option('--from <SOURCE>', 'look only at podman, containers-conf, docker, ssh-config or local', values.sources)
    .option(
      '--file <FILE>',
      'a file of `connection export`, a podman-connections.json or a containers.conf; - is stdin',
      (file) => (file === '-' ? file : values.path(folder)(file)),
    )
    .option('--farm <LIST>', 'farms, with all their connections: a,b', values.names)
    .option('--all', 'import everything, farms too')
    .option('--dry-run', 'only show what would be imported')
    .addHelpText(
      'after',
      `
Without NAME, --farm and --all, it shows what there is and changes nothing. Nobody is contacted.
Farms come with --all, or one by one with --farm; a farm of the same name gets the connections that it
lacks. The default farm of podman becomes the default here where there is none yet. Engines that are
connections already are not added again, and a name that is taken gets a number.
${examples('connection import', 'connection import --all --from podman', 'connection import pi4 --farm pis', 'connection import --file team.json --all')}`,
    )
    .action((names: string[] | undefined, { from = [], file, farm = [], all, dryRun }: ImportOptions) => {
      if (file !== undefined && from.length > 0) {
        throw values.wrong('--file and --from exclude each other.', 'Leave one of the two out.');
      }
      if (all && (names?.length || farm.length > 0)) {
        throw values.wrong('--all leaves nothing to name.', 'Leave out --all, or the names.');
      }
      found({
        kind: 'connection.import',
        sources: from,
        names: names ?? [],
        farms: farm,
        all: all ?? false,
        dryRun: dryRun ?? false,
        ...(file === undefined ? {} : { file }),
      });
    });
}

function exportCommand({ folder, found }: Pick<ProgramOptions, 'folder' | 'found'>): CommanderCommand {
  return new CommanderCommand('export')
    .description('write all connections and farms to a file that others can import; it holds no key and no password')
    .argument('[FILE]', 'where to; without one, standard output', values.path(folder))
    .option('--force', 'replace a file that is there')
    .addHelpText('after', examples('connection export', 'connection export team.json'))
    .action((file: string | undefined, { force }: { force?: true }) =>
      found({ kind: 'connection.export', force: force ?? false, ...(file === undefined ? {} : { file }) }),
    );
}
