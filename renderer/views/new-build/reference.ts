import { parseReference } from '../../../shared/image.ts';

/** @returns why a reference is not valid, as a sentence; undefined if it is valid */
export function referenceError(text: string): string | undefined {
  if (text.trim() === '') {
    return 'Enter a name, for example api:1.4 or registry.example.com/team/api:1.4.';
  }
  const parsed = parseReference(text.trim());
  return typeof parsed === 'string' ? parsed : undefined;
}
