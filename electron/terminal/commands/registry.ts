import { Command as CommanderCommand, Option } from 'commander';
import type { CallInput } from '../../../shared/contract.ts';
import { type LoginStore, loginStores, type RegistryTls } from '../../../shared/registry.ts';
import { normalRegistryName, registryNameProblem } from '../../../shared/registry-name.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface LoginOptions {
  readonly username?: string;
  readonly passwordStdin?: true;
  readonly store?: LoginStore;
  readonly tlsVerify: boolean;
  readonly list?: true;
}

interface SettingsOptions {
  readonly tls?: RegistryTls;
  readonly ca?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly mirror?: string[];
  readonly proxy?: string;
}

const storeOption = (description: string): Option => new Option('--store <STORE>', description).choices(loginStores);

/** `login`, `logout` and `registry`. */
export function registryCommands({ onCommand, workingFolder }: ProgramOptions): CommanderCommand[] {
  const login = new CommanderCommand('login')
    .description('try a login at a registry, and save it')
    .argument('[REGISTRY]', 'registry, or a path in it: registry.example.com/team', parseLoginName)
    .option('-u, --username <USER>', 'user name; prompts for it without this option')
    .option('--password-stdin', 'read the password or token from standard input')
    .addOption(
      storeOption(
        "where to save it (default: barnraiser where the system's keychain can be used, otherwise podman's file)",
      ),
    )
    .addOption(
      new Option('--tls-verify [BOOLEAN]', 'false also allows plain HTTP and untrusted certificates')
        .default(true)
        .argParser(values.parseBoolean),
    )
    .option('--list', 'list the saved logins, those of podman and docker too')
    .addHelpText(
      'after',
      `\nA login is saved only after the registry has accepted it.\n${examples(
        'login registry.example.com',
        'login ghcr.io --username anna --password-stdin < token',
        'login registry.example.com --store podman',
        'login --list',
      )}`,
    )
    .action((name: string | undefined, { list, username, passwordStdin, store, tlsVerify }: LoginOptions) => {
      if (list) {
        onCommand({ kind: 'login.list' });
        return;
      }
      if (name === undefined) {
        throw values.invalidInput(
          'login requires a registry.',
          'Name one, such as registry.example.com, or add --list.',
        );
      }
      if (passwordStdin && username === undefined) {
        throw values.invalidInput('--password-stdin requires --username.', 'Add --username USER.');
      }
      onCommand({
        kind: 'login',
        name,
        ...(username === undefined ? {} : { username }),
        password: { from: passwordStdin ? 'input' : 'prompt' },
        ...(store ? { store } : {}),
        tlsVerify,
      });
    });
  const logout = new CommanderCommand('logout')
    .description('remove a saved login')
    .argument('[REGISTRY]', 'registry, or a path in it', parseLoginName)
    .option('--all', 'remove all logins that Barnraiser keeps, or all of the store')
    .addOption(storeOption('remove it from this store (default: the login that is used)'))
    .addHelpText('after', examples('logout registry.example.com', 'logout --all', 'logout ghcr.io --store docker'))
    .action((name: string | undefined, { all, store }: { readonly all?: true; readonly store?: LoginStore }) => {
      if ((name === undefined) === (all === undefined)) {
        throw values.invalidInput('logout requires a registry or --all.', 'Name one registry, or add --all.');
      }
      onCommand({ kind: 'logout', request: { ...(name ? { name } : {}), ...(store ? { store } : {}) } });
    });
  return [login, logout, registryGroup({ onCommand, workingFolder })];
}

function registryGroup({
  onCommand,
  workingFolder,
}: Pick<ProgramOptions, 'onCommand' | 'workingFolder'>): CommanderCommand {
  const group = new CommanderCommand('registry').description('manage how registries are reached');
  group
    .command('list')
    .alias('ls')
    .description('list registries with their settings and logins, those of podman and docker too')
    .addHelpText('after', examples('registry list'))
    .action(() => onCommand({ kind: 'registry.list' }));
  const withSettings = (command: CommanderCommand): CommanderCommand => {
    const path = values.pathParser(workingFolder);
    const file = (text: string): string => (text === '' ? '' : path(text));
    return command
      .argument('<REGISTRY>', 'host[:port]', parseRegistryName)
      .addOption(
        new Option(
          '--tls <MODE>',
          'verify: only a trusted certificate; no-verify: any certificate, otherwise plain HTTP; plain-http',
        ).choices(['verify', 'no-verify', 'plain-http']),
      )
      .option('--ca <FILE>', 'PEM file of an authority that is trusted for this registry', file)
      .option('--client-cert <FILE>', 'PEM file of a client certificate', file)
      .option('--client-key <FILE>', 'PEM file of its key', file)
      .option('--mirror <MIRROR>', 'where images are read first: host[/path]; repeat for several', parseMirrors)
      .option('--proxy <URL>', 'proxy for this registry only; none: no proxy')
      .addHelpText(
        'after',
        '\nAn empty value removes a setting. Nodes pull with their own settings, which this does not change.',
      );
  };
  withSettings(group.command('add').description('set up a registry'))
    .addHelpText(
      'after',
      examples(
        'registry add registry.example.com --ca ca.pem --mirror mirror.example.com',
        'registry add localhost:5000 --tls plain-http',
      ),
    )
    .action((name: string, options: SettingsOptions) =>
      onCommand({ kind: 'registry.add', change: changeOf(name, options) }),
    );
  withSettings(group.command('set').description('change the settings of a registry'))
    .addHelpText(
      'after',
      examples(
        'registry set registry.example.com --proxy http://proxy:3128',
        'registry set registry.example.com --ca ""',
      ),
    )
    .action((name: string, options: SettingsOptions) => {
      if (Object.keys(options).length === 0) {
        throw values.invalidInput(
          `No changes were specified for ${name}.`,
          'Use --tls, --ca, --client-cert, --client-key, --mirror or --proxy.',
        );
      }
      onCommand({ kind: 'registry.set', change: changeOf(name, options) });
    });
  group
    .command('remove')
    .alias('rm')
    .description("remove Barnraiser's settings of registries; logins are kept")
    .argument('<REGISTRY...>', 'registries', (text: string, previous: string[] = []) => [
      ...previous,
      parseRegistryName(text),
    ])
    .addHelpText('after', examples('registry remove registry.example.com'))
    .action((names: string[]) => onCommand({ kind: 'registry.remove', names }));
  withRegistryOptions(group.command('delete'), { use: 'this request' })
    .description('delete a tag in a registry, or by digest an image with all of its tags')
    .argument('<IMAGE>', 'registry/repository:tag or registry/repository@digest')
    .addHelpText('after', examples('registry delete registry.example.com/team/api:1.3'))
    .action((image: string, options: RegistryOptions) => {
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'registry.delete',
        image,
        tlsVerify: options.tlsVerify,
        ...(credentials ? { credentials } : {}),
      });
    });
  group
    .command('check')
    .description('look at a registry step by step: address, certificate, API, sign-in, and what the login may do')
    .argument('<REGISTRY>', 'host[:port]', parseRegistryName)
    .option('--repository <NAME>', 'try to pull from and push to it (default: where you have pushed last)')
    .addHelpText('after', examples('registry check registry.example.com --repository team/api'))
    .action((name: string, { repository }: { readonly repository?: string }) =>
      onCommand({ kind: 'registry.check', request: { name, ...(repository ? { repository } : {}) } }),
    );
  return group;
}

function changeOf(
  name: string,
  { tls, ca, clientCert, clientKey, mirror, proxy }: SettingsOptions,
): CallInput<'registries.set'> {
  return {
    name,
    ...(tls ? { tls } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(clientCert === undefined ? {} : { clientCertificate: clientCert }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(mirror ? { mirrors: mirror } : {}),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

function parseMirrors(text: string, previous: string[] = []): string[] {
  return text === '' ? [] : [...previous, parseLoginName(text)];
}

export function parseRegistryName(text: string): string {
  return validName(text, false);
}

function parseLoginName(text: string): string {
  return validName(text, true);
}

function validName(text: string, path: boolean): string {
  const name = normalRegistryName(text);
  const problem = registryNameProblem(name, { path });
  if (problem !== undefined) {
    throw values.invalidInput(problem, 'Name a host, such as registry.example.com:5000.');
  }
  return name;
}
