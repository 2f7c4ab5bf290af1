import { Command as CommanderCommand, Option } from 'commander';
import { registryPrefix } from '../../../shared/image-location.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type SbomFormat, sbomFormats } from '../../../shared/sbom-format.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { keySource, registryOf, type SignatureOptions, withSignatureOptions } from './signature-options.ts';

interface ImageOptions {
  readonly platform?: Platform;
  readonly registry?: true;
  readonly tlsVerify: boolean;
}

interface SbomOptions extends ImageOptions {
  readonly format: SbomFormat | 'text';
  readonly output?: string;
}

interface SignOptions extends SignatureOptions {
  readonly identity?: string;
  readonly attestations?: true;
}

const platformHelp = 'image of this platform (default: that of this computer, or else the first)';

/** `REF`, or `docker://REF` for an image in its registry. */
function withImage(command: CommanderCommand): CommanderCommand {
  return withTlsOption(
    command
      .argument('<REF>', 'image of local storage; with --registry or as docker://REF, of its registry')
      .option('--platform <PLATFORM>', platformHelp, values.parsePlatformOption)
      .option('--registry', 'read the image from the registry of REF, without storing it'),
  );
}

function withTlsOption(command: CommanderCommand): CommanderCommand {
  return command.addOption(
    new Option('--tls-verify [BOOLEAN]', 'false also allows plain HTTP and untrusted certificates')
      .default(true)
      .argParser(values.parseBoolean),
  );
}

/** @throws Failure `input.invalid` */
function imageOf(text: string, { platform, registry, tlsVerify }: ImageOptions) {
  const isRemote = registry || text.startsWith(registryPrefix);
  return {
    reference: isRemote ? values.parseRegistryImage(text) : values.parseReference(text),
    ...(platform === undefined ? {} : { platform }),
    ...(isRemote ? { registry: { tlsVerify } } : {}),
  };
}

/** `sbom`, `provenance`, `sign`, `reproduce` and `key`. */
export function attestationCommands(options: ProgramOptions): CommanderCommand[] {
  return [
    sbomCommand(options),
    provenanceCommand(options),
    signCommand(options),
    reproduceCommand(options),
    keyCommand(options),
  ];
}

function sbomCommand({ workingFolder, onCommand }: ProgramOptions): CommanderCommand {
  return withImage(new CommanderCommand('sbom').description('list the packages of an image'))
    .addOption(new Option('--format <FORMAT>', 'form of the list').choices(['text', ...sbomFormats]).default('text'))
    .option('-o, --output <FILE>', 'file to write instead of standard output', values.pathParser(workingFolder))
    .addHelpText(
      'after',
      `
Packages of dpkg, apk, rpm, npm, Python and Go are found. The same image has the same SBOM; SOURCE_DATE_EPOCH replaces its time.
${examples('sbom api:1.4', 'sbom api:1.4 --platform linux/arm64 --format spdx-json -o api.spdx.json', 'sbom api:1.4 --format cyclonedx-json', 'sbom docker://registry.example.com/team/api:1.4')}`,
    )
    .action((reference: string, options: SbomOptions) => {
      const { format, output } = options;
      if (format === 'text' && output !== undefined) {
        throw values.invalidInput('-o needs a format for programs.', `Add --format ${sbomFormats.join(' or ')}.`);
      }
      onCommand({
        kind: 'sbom',
        request: imageOf(reference, options),
        format,
        ...(output === undefined ? {} : { file: output }),
      });
    });
}

function provenanceCommand({ onCommand }: ProgramOptions): CommanderCommand {
  return withImage(new CommanderCommand('provenance').description('show how an image was made'))
    .addHelpText(
      'after',
      `
Builds with --provenance record it. With --json, the whole statement (SLSA) is printed.
${examples('provenance api:1.4', 'provenance api:1.4 --platform linux/arm64 --json', 'provenance docker://registry.example.com/team/api:1.4')}`,
    )
    .action((reference: string, options: ImageOptions) =>
      onCommand({ kind: 'provenance', request: imageOf(reference, options) }),
    );
}

function signCommand({ workingFolder, onCommand }: ProgramOptions): CommanderCommand {
  const command = new CommanderCommand('sign')
    .description('sign an image with a key, as cosign does')
    .argument('<REF>', 'image of local storage; with --registry or as docker://REF, of its registry')
    .requiredOption('--key <FILE>', 'private key: that of cosign, or PEM', values.pathParser(workingFolder));
  return withTlsOption(withSignatureOptions(command))
    .option('--identity <NAME>', 'name of the image in the signature (default: registry and repository of REF)')
    .option('--attestations', 'sign what was recorded when it was built, and its SBOM, too')
    .addHelpText(
      'after',
      `
An image in local storage keeps its signature, and every push brings it along.
${examples('sign registry.example.com/team/api:1.4 --key cosign.key --recursive', 'sign registry.example.com/team/api:1.4 --key cosign.key --registry', 'sign docker://registry.example.com/team/api:1.4 --key cosign.key')}`,
    )
    .action((text: string, options: SignOptions) =>
      onCommand({
        kind: 'sign',
        request: {
          reference: values.parsePushDestination(text),
          recursive: options.recursive ?? false,
          attestations: options.attestations ?? false,
          ...(options.identity === undefined ? {} : { identity: options.identity }),
          ...registryOf(text, options),
        },
        key: keySource(options),
      }),
    );
}

function reproduceCommand({ onCommand }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('reproduce')
    .description('build an image again without cache, and say whether it is the same')
    .argument('<REF>', 'image in local storage', values.parseReference)
    .option('--build <BUILD>', 'build to repeat (default: the newest that made the image)')
    .addHelpText(
      'after',
      `
The image itself stays as it is. Exits with 1 if an image of a platform has another digest.
${examples('reproduce api:1.4')}`,
    )
    .action((reference: string, { build }: { readonly build?: string }) =>
      onCommand({ kind: 'reproduce', request: { reference, ...(build === undefined ? {} : { build }) } }),
    );
}

function keyCommand({ workingFolder, onCommand }: ProgramOptions): CommanderCommand {
  const generate = new CommanderCommand('generate')
    .description('make a key for signatures: PREFIX.key, encrypted with a password, and PREFIX.pub')
    .argument(
      '[PREFIX]',
      'path of both files without their endings (default: cosign)',
      values.pathParser(workingFolder),
    )
    .option('--password-stdin', 'read the password from standard input, instead of COSIGN_PASSWORD')
    .addHelpText('after', examples('key generate', 'key generate keys/release'))
    .action((prefix: string | undefined, { passwordStdin }: { readonly passwordStdin?: true }) =>
      onCommand({
        kind: 'key.generate',
        prefix: prefix ?? values.pathParser(workingFolder)('cosign'),
        passwordFromInput: passwordStdin ?? false,
      }),
    );
  const trust = new CommanderCommand('trust')
    .description('trust the signatures of a public key')
    .argument('<FILE>', 'public key, or a private one', values.pathParser(workingFolder))
    .option('--name <NAME>', 'what it is called (default: the name of the file)')
    .option('--password-stdin', 'read the password of an encrypted private key from standard input')
    .addHelpText('after', examples('key trust cosign.pub', 'key trust release.pub --name release'))
    .action((key: string, { name, passwordStdin }: { readonly name?: string; readonly passwordStdin?: true }) =>
      onCommand({
        kind: 'key.trust',
        key: { key, passwordFromInput: passwordStdin ?? false },
        ...(name === undefined ? {} : { name }),
      }),
    );
  const list = new CommanderCommand('list')
    .alias('ls')
    .description('list the trusted keys')
    .addHelpText('after', examples('key list'))
    .action(() => onCommand({ kind: 'key.list' }));
  const distrust = new CommanderCommand('distrust')
    .alias('rm')
    .description('trust a key no longer')
    .argument('<NAME>', 'name of a trusted key')
    .addHelpText('after', examples('key distrust release'))
    .action((name: string) => onCommand({ kind: 'key.distrust', name }));
  return new CommanderCommand('key')
    .description('keys for signatures')
    .addCommand(generate)
    .addCommand(trust)
    .addCommand(list)
    .addCommand(distrust);
}
