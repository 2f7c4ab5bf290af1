import type { Command } from 'commander';
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

export function registryOf({ registry, tlsVerify }: SignatureOptions) {
  return registry ? { registry: { tlsVerify } } : {};
}

/** `verify REF --key FILE`. @throws Failure `input.invalid` if options do not go together */
export function signatureCommand(
  references: readonly string[],
  { repair, ...options }: Partial<SignatureOptions> & { readonly repair?: true; readonly tlsVerify: boolean },
): AttestationCommand | undefined {
  const { key, passwordStdin, recursive, registry } = options;
  if (key === undefined) {
    if (passwordStdin || recursive || registry) {
      throw values.invalidInput(
        'These options are for signatures, and there is no key.',
        'Add --key FILE, or leave out --password-stdin, --recursive and --registry.',
      );
    }
    return undefined;
  }
  const [reference] = references;
  if (reference === undefined || references.length > 1 || repair) {
    throw values.invalidInput(
      '--key checks the signatures of one image.',
      'Name one image, and leave out --repair, which is for damaged parts.',
    );
  }
  const all = { ...options, key };
  return {
    kind: 'verify.signatures',
    request: { reference, ...registryOf(all) },
    key: keySource(all),
    recursive: recursive ?? false,
  };
}
