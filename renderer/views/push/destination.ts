import { formatReference, parseReference, type Reference } from '../../../shared/image.ts';

const storageKey = 'push-destinations';

/** The last destination of each repository, both without tags: `team/api` → `registry.example.com/team/api`. */
function loadDestinations(): Readonly<Record<string, string>> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}');
    return Object.fromEntries(
      Object.entries(stored ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}

/** Stores the destination of a push as the suggestion for all tags of the repository. */
export function saveDestination(reference: string, destination: string): void {
  const from = repositoryOf(reference);
  const to = repositoryOf(destination);
  if (from !== undefined && to !== undefined) {
    localStorage.setItem(storageKey, JSON.stringify({ ...loadDestinations(), [from]: to }));
  }
}

/** Registries without verified TLS. Kept in memory only, so that an insecure choice ends with the window. */
const insecureRegistries = new Set<string>();

export function setInsecure(destination: string, insecure: boolean): void {
  const checked = checkDestination(destination);
  if (checked.kind === 'valid') {
    insecureRegistries[insecure ? 'add' : 'delete'](checked.reference.registry);
  }
}

export function isInsecure(destination: string): boolean {
  const checked = checkDestination(destination);
  return checked.kind === 'valid' && insecureRegistries.has(checked.reference.registry);
}

/** Suggests the last destination of the repository, else the reference itself if it has a registry, else an empty string. */
export function suggestDestination(reference: string): string {
  const parsed = parseReference(reference);
  if (typeof parsed === 'string') {
    return '';
  }
  const last = loadDestinations()[repositoryOf(reference) ?? ''];
  if (last !== undefined) {
    return `${last}:${parsed.tag}`;
  }
  return parsed.registry ? formatReference(parsed) : '';
}

export type DestinationCheck =
  | { readonly kind: 'valid'; readonly reference: Reference & { readonly registry: string }; readonly text: string }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Validates a destination while it is typed. */
export function checkDestination(text: string): DestinationCheck {
  const parsed = parseReference(text.trim());
  if (typeof parsed === 'string') {
    return { kind: 'invalid', problem: parsed };
  }
  const { registry } = parsed;
  if (registry === undefined) {
    const example = `registry.example.com/${formatReference(parsed)}`;
    return { kind: 'invalid', problem: `The registry is missing. Enter its host first, for example ${example}.` };
  }
  return { kind: 'valid', reference: { ...parsed, registry }, text: formatReference(parsed) };
}

function repositoryOf(text: string): string | undefined {
  const parsed = parseReference(text);
  return typeof parsed === 'string' ? undefined : `${parsed.registry ? `${parsed.registry}/` : ''}${parsed.repository}`;
}

/** The reference by digest, which a later push of the same tag cannot change. */
export function toDigestReference(destination: string, digest: string): string {
  return `${repositoryOf(destination) ?? destination}@${digest}`;
}
