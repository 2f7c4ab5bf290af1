import type { CallInput } from '../../shared/contract.ts';
import type { SbomFormat } from '../../shared/sbom-format.ts';

/** A key file, and where the password of an encrypted one comes from besides the environment. */
export interface KeySource {
  readonly key: string;
  readonly passwordFromInput: boolean;
}

/** The commands about what images are made of, and who vouches for them. */
export type AttestationCommand =
  | {
      readonly kind: 'sbom';
      readonly request: Omit<CallInput<'images.sbom'>, 'format' | 'file'>;
      readonly format: SbomFormat | 'text';
      readonly file?: string;
    }
  | { readonly kind: 'provenance'; readonly request: CallInput<'images.provenance'> }
  | {
      readonly kind: 'sign';
      readonly request: Omit<CallInput<'images.sign'>, 'key' | 'password'>;
      readonly key: KeySource;
    }
  | {
      readonly kind: 'verify.signatures';
      readonly request: Omit<CallInput<'images.signatures'>, 'key' | 'password'>;
      /** Undefined: the trusted keys. */
      readonly key: KeySource | undefined;
      /** The images of all platforms must be signed, too. */
      readonly recursive: boolean;
    }
  | { readonly kind: 'reproduce'; readonly request: CallInput<'images.reproduce'> }
  | { readonly kind: 'key.generate'; readonly prefix: string; readonly passwordFromInput: boolean }
  | { readonly kind: 'key.trust'; readonly key: KeySource; readonly name?: string }
  | { readonly kind: 'key.list' }
  | { readonly kind: 'key.distrust'; readonly name: string };
