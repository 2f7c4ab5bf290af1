import type { Command } from 'commander';
import { registryPrefix } from '../../../shared/image-location.ts';
import type { AttestationCommand, KeySource } from '../attestation-command.ts';
import * as values from './option-values.ts';

export interface SignatureOptions {
  readonly key: string;
  readonly passwordStdin?: true;
  readonly recursive?: true;
  readonly registry?: true;
  readonly tlsVerify: boolean;
}

/** The options of commands that use a key. */
export function withSignatureOptions(command: Command): Command {
  return command
    .option('--password-stdin', 'read the password of an encrypted key from standard input, instead of COSIGN_PASSWORD')
    .option('--recursive', 'the images of all platforms, too')
    .option('--registry', 'signatures in the registry of REF, not in local storage');
}

export function keySource({ key, passwordStdin }: SignatureOptions): KeySource {
  return { key, passwordFromInput: passwordStdin ?? false };
}

/** @param text `REF`, or `docker://REF` for signatures in its registry */
export function registryOf(text: string, { registry, tlsVerify }: Pick<SignatureOptions, 'registry' | 'tlsVerify'>) {
  return registry || text.startsWith(registryPrefix) ? { registry: { tlsVerify } } : {};
}

/** `verify REF --key FILE`. @throws Failure `input.invalid` if options do not go together */
export function signatureCommand(
  references: readonly string[],
  {
    repair,
    trusted,
    ...options
  }: Partial<SignatureOptions> & { readonly repair?: true; readonly trusted?: true; readonly tlsVerify: boolean },
): AttestationCommand | undefined {
  const { key, passwordStdin, recursive, registry } = options;
  if (key === undefined && !trusted) {
    if (passwordStdin || recursive || registry || references.some((each) => each.startsWith(registryPrefix))) {
      throw values.invalidInput(
        'These options are for signatures, and there is no key.',
        'Add --key FILE or --trusted, or leave out --password-stdin, --recursive, --registry and docker://.',
      );
    }
    return undefined;
  }
  const [reference] = references;
  if (key !== undefined && trusted) {
    throw values.invalidInput('--key and --trusted cannot be used together.', 'Use one of them.');
  }
  if (reference === undefined || references.length > 1 || repair) {
    throw values.invalidInput(
      '--key and --trusted check the signatures of one image.',
      'Name one image, and leave out --repair, which is for damaged parts.',
    );
  }
  return {
    kind: 'verify.signatures',
    request: {
      reference: values.parsePushDestination(reference),
      ...(trusted ? { trusted: true } : {}),
      ...registryOf(reference, options),
    },
    key: key === undefined ? undefined : keySource({ ...options, key }),
    recursive: recursive ?? false,
  };
}
