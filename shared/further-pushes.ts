import type { BuildRequest } from './build.ts';
import { formatReference, parseReference } from './image.ts';

type Names = Pick<BuildRequest, 'reference' | 'furtherNames'>;

/**
 * Where the image of a build is pushed besides its first destination. A push to the registry that its name has also goes to those
 * that its further names have.
 */
export function furtherPushes({ push, ...names }: Names & Pick<BuildRequest, 'push'>): string[] {
  const named = push?.destination === undefined ? otherNames(names).filter(namesRegistry) : [];
  return push ? [...new Set([...named, ...(push.more ?? [])])] : [];
}

/** The further names of an image in their full form, each once. */
export function otherNames({ reference, furtherNames = [] }: Names): string[] {
  const full = [reference, ...furtherNames].flatMap((name) => {
    const parsed = parseReference(name);
    return typeof parsed === 'string' ? [] : [formatReference(parsed)];
  });
  return [...new Set(full)].slice(1);
}

function namesRegistry(name: string): boolean {
  const parsed = parseReference(name);
  return typeof parsed === 'object' && parsed.registry !== undefined;
}
