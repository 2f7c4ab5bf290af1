import type { CallInput } from '../../../shared/contract.ts';
import { formatReference, parseReference } from '../../../shared/image.ts';
import {
  formatImageLocation,
  parseRegistryImage,
  type RegistryImage,
  referenceOf,
  registryPrefix,
} from '../../../shared/image-location.ts';

/** The values of the form. The password is never stored. */
export interface CopyDraft {
  /** An image in a registry, with or without `docker://`. */
  readonly source: string;
  readonly to: 'here' | 'registry';
  /** The name here, or the image in the other registry. Empty: as the source. */
  readonly destination: string;
  /** Undefined: all. */
  readonly platforms: readonly string[] | undefined;
  readonly merge: boolean;
  readonly login: 'saved' | 'entered';
  readonly username: string;
  readonly password: string;
  readonly insecure: boolean;
}

export const emptyDraft: CopyDraft = {
  ...{ source: '', to: 'here', destination: '', platforms: undefined, merge: false, login: 'saved' },
  ...{ username: '', password: '', insecure: false },
};

/** Undefined while nothing is typed. */
export function sourceError({ source }: CopyDraft): string | undefined {
  const image = parseRegistryImage(source.trim());
  return source.trim() !== '' && typeof image === 'string' ? image : undefined;
}

export function sourceOf({ source }: CopyDraft): RegistryImage | undefined {
  const image = source.trim() === '' ? undefined : parseRegistryImage(source.trim());
  return typeof image === 'string' ? undefined : image;
}

/** The name that a pull proposes. Undefined if the source has no tag. */
export function proposedName(draft: CopyDraft): string | undefined {
  const image = sourceOf(draft);
  const name = draft.source.trim().replace(registryPrefix, '').split('@')[0] ?? '';
  const typed = parseReference(name);
  return image && referenceOf(image) && typeof typed !== 'string' ? formatReference(typed) : undefined;
}

/** Undefined while nothing is typed. */
export function destinationError(draft: CopyDraft): string | undefined {
  const text = draft.destination.trim();
  if (text === '') {
    return undefined;
  }
  const parsed = draft.to === 'here' ? parseReference(text) : parseRegistryImage(text);
  if (typeof parsed === 'string') {
    return parsed;
  }
  return 'digest' in parsed && parsed.digest !== undefined ? 'Name it with a tag, not with a digest.' : undefined;
}

/** The call for a draft. Undefined while it is not complete. */
export function requestOf(draft: CopyDraft): CallInput<'copies.start'> | undefined {
  const source = sourceOf(draft);
  const typed = draft.destination.trim();
  const destination = draft.to === 'here' ? typed || proposedName(draft) : typed && registryLocation(typed);
  const isSignedIn = draft.login === 'saved' || (draft.username !== '' && draft.password !== '');
  if (!source || !destination || destinationError(draft) || !isSignedIn || draft.platforms?.length === 0) {
    return undefined;
  }
  const { username, password } = draft;
  return {
    sources: [formatImageLocation({ kind: 'registry', ...source })],
    destinations: [destination],
    ifExists: draft.merge ? 'merge' : 'replace',
    tlsVerify: !draft.insecure,
    ...(draft.platforms ? { platforms: [...draft.platforms] } : {}),
    ...(draft.login === 'entered' ? { sourceCredentials: { username, password } } : {}),
  };
}

function registryLocation(text: string): string | undefined {
  const image = parseRegistryImage(text);
  return typeof image === 'string' ? undefined : formatImageLocation({ kind: 'registry', ...image });
}
