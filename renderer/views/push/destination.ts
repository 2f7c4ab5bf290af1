import { formatReference, parseReference, type Reference } from '../../../shared/image.ts';

const key = 'push-destinations';

/** Where the images of a repository went last: its name without the tag → the same at the other side. */
function remembered(): Readonly<Record<string, string>> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? '{}');
    return Object.fromEntries(
      Object.entries(found ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}

/** Remembers where a reference went, for it and the other tags of its repository. */
export function rememberDestination(reference: string, destination: string): void {
  const from = nameOf(reference);
  const to = nameOf(destination);
  if (from !== undefined && to !== undefined) {
    localStorage.setItem(key, JSON.stringify({ ...remembered(), [from]: to }));
  }
}

/** Registries that were pushed to without verified TLS since this window was opened. Nothing that weakens a push is kept longer. */
const insecureRegistries = new Set<string>();

export function rememberSecurity(destination: string, insecure: boolean): void {
  const checked = checkDestination(destination);
  if (checked.kind === 'good') {
    insecureRegistries[insecure ? 'add' : 'delete'](checked.reference.registry);
  }
}

export function wasInsecure(destination: string): boolean {
  const checked = checkDestination(destination);
  return checked.kind === 'good' && insecureRegistries.has(checked.reference.registry);
}

/** What is proposed: where its repository went last, else what the reference itself names; empty where it names no registry. */
export function proposedDestination(reference: string): string {
  const parsed = parseReference(reference);
  if (typeof parsed === 'string') {
    return '';
  }
  const last = remembered()[nameOf(reference) ?? ''];
  if (last !== undefined) {
    return `${last}:${parsed.tag}`;
  }
  return parsed.registry ? formatReference(parsed) : '';
}

export type CheckedDestination =
  | { readonly kind: 'good'; readonly reference: Reference & { readonly registry: string }; readonly text: string }
  | { readonly kind: 'wrong'; readonly problem: string };

/** Reads a destination as it is typed. */
export function checkDestination(text: string): CheckedDestination {
  const parsed = parseReference(text.trim());
  if (typeof parsed === 'string') {
    return { kind: 'wrong', problem: parsed };
  }
  const { registry } = parsed;
  if (registry === undefined) {
    const example = `registry.example.com/${formatReference(parsed)}`;
    return { kind: 'wrong', problem: `It names no registry. Begin with its host, as in ${example}.` };
  }
  return { kind: 'good', reference: { ...parsed, registry }, text: formatReference(parsed) };
}

function nameOf(text: string): string | undefined {
  const parsed = parseReference(text);
  return typeof parsed === 'string' ? undefined : `${parsed.registry ? `${parsed.registry}/` : ''}${parsed.repository}`;
}

/** The same image by its digest, which no later push can change. */
export function pinned(destination: string, digest: string): string {
  return `${nameOf(destination) ?? destination}@${digest}`;
}
