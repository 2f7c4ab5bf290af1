import { Command as CommanderCommand } from 'commander';
import { registryPrefix } from '../../../shared/image-location.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { withRegistryOptions } from './registry-options.ts';
import { type SignatureOptions, signatureCommand, withSignatureOptions } from './signature-options.ts';

interface FilesOptions {
  readonly platform?: Platform;
  readonly layer?: number;
  readonly recursive?: true;
  readonly filter?: string;
  readonly output?: string;
}

const references = (text: string, previous: string[] = []): string[] => [...previous, values.parseReference(text)];

interface VerifyOptions extends Partial<SignatureOptions> {
  readonly repair?: true;
  readonly trusted?: true;
  readonly tlsVerify: boolean;
}

/** `inspect`, `files`, `tag`, `untag`, `verify` and `load`: what is done with the images in local storage. */
export function localImageCommands({ workingFolder, onCommand }: ProgramOptions): CommanderCommand[] {
  const toPath = values.pathParser(workingFolder);
  const inspect = new CommanderCommand('inspect')
    .description('show the platforms of an image, what they start, their history and their layers')
    .argument('<REF>', 'image', values.parseReference)
    .option('--platform <PLATFORM>', 'only this platform', values.parsePlatformOption)
    .addHelpText(
      'after',
      examples('inspect api:1.4', 'inspect api:1.4 --platform linux/arm64', 'inspect api:1.4 --json'),
    )
    .action((reference: string, { platform }: { readonly platform?: Platform }) =>
      onCommand({ kind: 'inspect', reference, ...(platform === undefined ? {} : { platform }) }),
    );
  const files = new CommanderCommand('files')
    .description('list the files of an image or of one of its layers, or write one of them')
    .argument('<REF>', 'image', values.parseReference)
    .argument('[PATH]', 'folder or file in the image', '/')
    .option('--platform <PLATFORM>', 'platform (default: that of this computer)', values.parsePlatformOption)
    .option('--layer <NUMBER>', 'only this layer, counted from 1; files that it removes are marked', parseLayer)
    .option('-R, --recursive', 'also list what is in the folders below')
    .option('--filter <TEXT>', 'only files below PATH whose path contains TEXT')
    .option('-o, --output <FILE>', 'write the file PATH to FILE; - is standard output')
    .addHelpText(
      'after',
      examples(
        'files api:1.4 /etc',
        'files api:1.4 --platform linux/arm64 --layer 3 -R',
        'files api:1.4 --filter libssl',
        'files api:1.4 /etc/os-release -o -',
      ),
    )
    .action((reference: string, path: string, options: FilesOptions) => {
      const { output, recursive = false, filter = '', ...selection } = options;
      onCommand({
        kind: 'files',
        request: { reference, path, recursive, filter, ...selection },
        ...(output === undefined ? {} : { output: output === '-' ? '-' : toPath(output) }),
      });
    });
  const tag = new CommanderCommand('tag')
    .description('give an image other names; an image that has such a name loses it')
    .argument('<REF>', 'image', values.parseReference)
    .argument('<NEW...>', 'new names', references)
    .addHelpText('after', examples('tag api:1.4 api:latest', 'tag api:1.4 registry.example.com/team/api:1.4'))
    .action((reference: string, names: string[]) => onCommand({ kind: 'tag', reference, names }));
  const untag = new CommanderCommand('untag')
    .description('take names from images; an image without a name is kept for 7 days')
    .argument('<REF...>', 'names', references)
    .addHelpText('after', examples('untag api:latest'))
    .action((names: string[]) => onCommand({ kind: 'untag', references: names }));
  const verified = (text: string, previous: string[] = []): string[] => {
    const prefix = text.startsWith(registryPrefix) ? registryPrefix : '';
    return [...previous, `${prefix}${values.parsePushDestination(text)}`];
  };
  const verify = new CommanderCommand('verify')
    .description('compare every part of the images in local storage with its digest, or check the signatures of one')
    .argument('[REF...]', 'images (default: all); docker://REF for signatures in its registry', verified)
    .option('--key <FILE>', 'check the signatures of one image with this public key', toPath)
    .option('--trusted', 'check the signatures of one image with the trusted keys, see `key list`')
    .option('--repair', 'fetch damaged and missing parts again, from registries and from the nodes that built them');
  withSignatureOptions(withTlsVerify(verify))
    .addHelpText(
      'after',
      `
With --key or --trusted, it exits with 1 if there is no valid signature with such a key.
${examples('verify', 'verify api:1.4', 'verify api:1.4 --repair', 'verify registry.example.com/team/api:1.4 --key cosign.pub', 'verify registry.example.com/team/api:1.4 --key cosign.pub --registry')}`,
    )
    .action((names: string[] = [], options: VerifyOptions) => {
      const signatures = signatureCommand(names, options);
      if (signatures) {
        onCommand(signatures);
        return;
      }
      onCommand({
        kind: 'verify',
        references: names,
        repair: options.repair ?? false,
        tlsVerify: options.tlsVerify,
      });
    });
  const load = new CommanderCommand('load')
    .description('store the images of archives and folders of podman, docker, skopeo and others')
    .argument(
      '<FILE...>',
      'archives, OCI layouts and dir: folders; - is standard input',
      (text: string, previous: string[] = []) => [
        ...previous,
        text === '-' ? '-' : toPath(text.replace(/^(?:oci|oci-archive|docker-archive|dir):/, '')),
      ],
    )
    .option('-t, --tag <NAME>', 'name of the image, if there is only one', values.parseReference)
    .addHelpText(
      'after',
      examples('load api.tar', 'load api.tar.gz web.tar', 'load layout -t api:1.4', 'load - < api.tar'),
    )
    .action((paths: string[], { tag: reference }: { readonly tag?: string }) => {
      if (paths.includes('-') && paths.length > 1) {
        throw values.invalidInput('- cannot be loaded together with files.', 'Load them one after the other.');
      }
      onCommand({ kind: 'load', paths, ...(reference === undefined ? {} : { reference }) });
    });
  return [inspect, files, tag, untag, verify, load];
}

/** Only the option for certificates: the credentials are those that are saved. */
function withTlsVerify(command: CommanderCommand): CommanderCommand {
  const all = withRegistryOptions(new CommanderCommand());
  const option = all.options.find(({ long }) => long === '--tls-verify');
  return option ? command.addOption(option) : command;
}

function parseLayer(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw values.invalidInput(
      `"${text}" is not a number of a layer.`,
      'Use a number from 1; barnraiser inspect shows them.',
    );
  }
  return Number(text);
}
