import { formatReference, parseReference, type Reference } from '../../../shared/image.ts';
import type { PushRecord } from '../../../shared/push.ts';

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

/**
 * Suggests where the repository was pushed last, with the tag of the reference; else the reference itself if it has a
 * registry, else an empty string.
 * @param history newest first
 */
export function suggestDestination(reference: string, history: readonly PushRecord[]): string {
  const parsed = parseReference(reference);
  if (typeof parsed === 'string') {
    return '';
  }
  const repository = repositoryOf(reference);
  const last = history.find((record) => repositoryOf(record.reference) === repository);
  if (last) {
    return `${repositoryOf(last.destination) ?? last.destination}:${parsed.tag}`;
  }
  return parsed.registry ? formatReference(parsed) : '';
}

/** A choice of the form. */
export interface RecentDestination {
  /** A registry, or a namespace in it. */
  readonly namespace: string;
  /** The reference in that namespace. */
  readonly destination: string;
}

/** The namespaces where images were pushed last, each once, with the reference there. */
export function recentDestinations(
  reference: string,
  history: readonly PushRecord[],
  maxCount = 4,
): readonly RecentDestination[] {
  const parsed = parseReference(reference);
  if (typeof parsed === 'string') {
    return [];
  }
  const name = parsed.repository.slice(parsed.repository.lastIndexOf('/') + 1);
  const namespaces = new Set(
    history.flatMap(({ destination }) => repositoryOf(destination)?.replace(/\/[^/]*$/, '') ?? []),
  );
  return [...namespaces]
    .slice(0, maxCount)
    .map((namespace) => ({ namespace, destination: `${namespace}/${name}:${parsed.tag}` }));
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
