import { Command as CommanderCommand, Option } from 'commander';
import { type FixId, fixIdSchema } from '../../../shared/check.ts';
import { type ConnectionOptions, optionsOf } from '../../../shared/connection.ts';
import { defaultPreferences, maxRank, maxSlots } from '../../../shared/node-preferences.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

/** `connection add`, `list`, `update`, `remove`, `test`, `fix`, `resolve`, `import` and `export`. */
export function connectionCommands(options: ProgramOptions): CommanderCommand {
  const { workingFolder, onCommand } = options;
  const group = new CommanderCommand('connection').description('manage connections');
  const add = group
    .command('add')
    .description('add a connection and test it')
    .argument('<NAME>', 'name of the connection', values.parseName)
    .argument(
      '<URI>',
      'ssh://[user@]host[:port][/path/to.sock], unix:///path/to.sock, tcp://host:port, docker-container://NAME, kube-pod://POD, or local: for the engine of this computer',
      values.parseUri,
    );
  connectionOptions(add, workingFolder)
    .option('--no-test', 'do not test the connection')
    .addHelpText(
      'after',
      `\nA connection is also added if its engine cannot be reached: with a warning, and exit code 0.\n${examples(
        'connection add pi4 ssh://pi@pi4.local',
        'connection add big ssh://root@10.0.0.7:2222/run/podman/podman.sock --identity ~/.ssh/big',
        'connection add here unix:///run/user/1000/podman/podman.sock',
        'connection add big tcp://big.lan:2376 --tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem',
        "connection add bk 'docker-container://buildkitd?host=ssh://root@big.lan'",
        "connection add pod0 'kube-pod://buildkitd-0?namespace=ci' --platforms linux/arm64",
      )}`,
    )
    .action((name: string, uri: string, { test, ...options }: ConnectionOptions & { test: boolean }) =>
      onCommand({ kind: 'connection.add', connection: { name, uri, ...optionsOf(options) }, test }),
    );
  group
    .command('list')
    .alias('ls')
    .description('list connections')
    .addHelpText('after', examples('connection list', 'connection list --json'))
    .action(() => onCommand({ kind: 'connection.list' }));
  const update = group
    .command('update')
    .description('change a connection; farms keep it')
    .argument('<CONNECTION>', 'connection', values.parseName)
    .option('--rename <NAME>', 'new name of the connection', values.parseName)
    .option('--uri <URI>', 'new URI', values.parseUri);
  connectionOptions(update, workingFolder)
    .option('--no-allow-unencrypted', 'refuse it again')
    .addHelpText(
      'after',
      `\nAn empty value ('') removes an option.\n${examples(
        'connection update pi4 --uri ssh://pi@10.0.0.4',
        "connection update pi4 --rename pi --identity ''",
        'connection update pi4 --platforms linux/arm64,linux/arm/v7',
        'connection update big --priority 5 --slots 4 --emulation never',
      )}`,
    )
    .action((name: string, change: ConnectionUpdateOptions) => {
      if (Object.keys(change).length === 0) {
        throw values.invalidInput(
          `No changes were specified for connection ${name}.`,
          'Use --rename, --uri, --identity or another option.',
        );
      }
      onCommand({ kind: 'connection.update', change: { name, ...change } });
    });
  group
    .command('remove')
    .alias('rm')
    .description('remove connections, also from their farms')
    .argument('<CONNECTION...>', 'connections', values.parseNames)
    .addHelpText('after', examples('connection remove pi4'))
    .action((names: string[]) => onCommand({ kind: 'connection.remove', names }));
  group
    .command('test')
    .description('check connections step by step and suggest fixes')
    .argument('<CONNECTION...>', 'connections', values.parseNames)
    .addHelpText('after', examples('connection test pi4 big'))
    .action((names: string[]) => onCommand({ kind: 'connection.test', names }));
  group
    .command('use-again')
    .description('give jobs again to nodes that were set aside after failures')
    .argument('<CONNECTION...>', 'connections', values.parseNames)
    .addHelpText('after', examples('connection use-again pi4'))
    .action((names: string[]) => onCommand({ kind: 'connection.use-again', names }));
  group
    .command('fix')
    .description('apply a fix suggested by `connection test`, then test again')
    .argument('<CONNECTION>', 'connection', values.parseName)
    .argument('<FIX>', `${fixIdSchema.options.join(', ')}`, values.parseFixId)
    .addHelpText('after', examples('connection fix pi4 enable-socket'))
    .action((name: string, fix: FixId) => onCommand({ kind: 'connection.fix', name, fix }));
  group
    .command('resolve')
    .description('print the SSH configuration of a host, as `ssh -G` does')
    .argument('<HOST>', 'HOST, USER@HOST or ssh://USER@HOST:PORT')
    .option(
      '--ssh-config <FILE>',
      'configuration file to read instead of ~/.ssh/config; `none` reads no file',
      (file) => (file === 'none' ? file : values.pathParser(workingFolder)(file)),
    )
    .addHelpText('after', examples('connection resolve pi4', 'connection resolve pi4 --ssh-config ./ssh_config'))
    .action((host: string, { sshConfig }: { sshConfig?: string }) =>
      onCommand({ kind: 'connection.resolve', request: { host, ...(sshConfig ? { sshConfig } : {}) } }),
    );
  group.addCommand(importCommand(options));
  group.addCommand(exportCommand(options));
  return group;
}

interface ConnectionUpdateOptions extends ConnectionOptions {
  readonly rename?: string;
  readonly uri?: string;
}

/** The options of a connection. podman has those of TLS under the same names. */
function connectionOptions(command: CommanderCommand, workingFolder: string): CommanderCommand {
  const parsePath = values.pathParser(workingFolder);
  const parseFile = (file: string): string => (file === '' ? file : parsePath(file));
  return command
    .option('--identity <FILE>', 'private key for SSH (default: the keys of the agent and the default keys)', parseFile)
    .option('--tls-ca <FILE>', 'certificate authority of a tcp:// engine', parseFile)
    .option('--tls-cert <FILE>', 'client certificate for a tcp:// engine', parseFile)
    .option('--tls-key <FILE>', 'private key of the client certificate', parseFile)
    .option('--tls-server-name <NAME>', 'name in the certificate of the engine, if it is not the host')
    .option('--allow-unencrypted', 'allow tcp:// to another machine without TLS')
    .option(
      '--platforms <PLATFORMS>',
      'build only these platforms there: a,b',
      (text: string, previous?: Platform[]) => (text === '' ? [] : values.parsePlatforms(text, previous)),
    )
    .option(
      '--priority <NUMBER>',
      `use it only if no node with a lower number can build a platform (default: ${defaultPreferences.priority})`,
      values.preferenceParser('--priority', 0, maxRank, defaultPreferences.priority),
    )
    .option(
      '--weight <NUMBER>',
      `its share of the jobs among nodes of the same priority (default: ${defaultPreferences.weight})`,
      values.preferenceParser('--weight', 0, maxRank, defaultPreferences.weight),
    )
    .option(
      '--slots <NUMBER>',
      'how many jobs it runs at once (default: as the settings say)',
      values.preferenceParser('--slots', 1, maxSlots, defaultPreferences.slots),
    )
    .addOption(
      new Option('--emulation <WHEN>', 'whether it builds what it can only emulate').choices(['allowed', 'never']),
    );
}

interface ImportOptions {
  readonly from?: ReturnType<typeof values.parseImportSources>;
  readonly file?: string;
  readonly farm?: string[];
  readonly all?: true;
  readonly dryRun?: true;
}

function importCommand({ workingFolder, onCommand }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('import')
    .description('import connections and farms from podman, docker, OpenSSH or a file')
    .argument('[NAME...]', 'connections to import, by their names in the preview', values.parseNames)
    .option(
      '--from <SOURCE>',
      'look only in podman, containers-conf, docker, buildx, environment, ssh-config or local',
      values.parseImportSources,
    )
    .option(
      '--file <FILE>',
      'read a file of `connection export`, a podman-connections.json or a containers.conf; - is standard input',
      (file) => (file === '-' ? file : values.pathParser(workingFolder)(file)),
    )
    .option('--farm <NAMES>', 'farms to import, with all their connections: a,b', values.parseNames)
    .option('--all', 'import all connections and farms')
    .option('--dry-run', 'show what would be imported, without importing it')
    .addHelpText(
      'after',
      `
Without NAME, --farm and --all, a preview is shown and nothing is imported. No node is contacted.

--farm imports single farms, --all imports every farm. Importing a farm that already exists adds the
missing connections to it. The default farm of podman becomes the default farm if there is none yet.
Engines that already have a connection are skipped. If a name is already used, a number is added to it.
${examples('connection import', 'connection import --all --from podman', 'connection import pi4 --farm pis', 'connection import --file team.json --all')}`,
    )
    .action((names: string[] | undefined, { from = [], file, farm = [], all, dryRun }: ImportOptions) => {
      if (file !== undefined && from.length > 0) {
        throw values.invalidInput('--file and --from cannot be used together.', 'Use only one of them.');
      }
      if (all && (names?.length || farm.length > 0)) {
        throw values.invalidInput(
          '--all cannot be used together with NAME or --farm.',
          'Use either --all, or NAME and --farm.',
        );
      }
      onCommand({
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

function exportCommand({ workingFolder, onCommand }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('export')
    .description('export all connections and farms to a file for `connection import`, without keys and passwords')
    .argument('[FILE]', 'file to write (default: standard output)', values.pathParser(workingFolder))
    .option('--force', 'replace an existing file')
    .addHelpText('after', examples('connection export', 'connection export team.json'))
    .action((file: string | undefined, { force }: { force?: true }) =>
      onCommand({ kind: 'connection.export', force: force ?? false, ...(file === undefined ? {} : { file }) }),
    );
}
