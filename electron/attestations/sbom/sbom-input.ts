import { createHash } from 'node:crypto';
import type { Reference } from '../../../shared/image.ts';
import type { PackagesOfImage } from '../packages/image-packages.ts';

/** What an SBOM is made of. The same input gives the same bytes. */
export interface SbomInput {
  readonly reference: Reference;
  readonly image: PackagesOfImage;
  /** What is called the time when it was made. */
  readonly created: Date;
  /** Of Barnraiser. */
  readonly version: string;
}

/** A UUID that is the same for the same image and content, of version 5. Source: RFC 9562. */
export function documentId(name: string): string {
  const hash = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The namespace for URLs. */
const namespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** Of what an image is, and of all that is said of it. */
export function contentId({ reference, image, version }: SbomInput, format: string): string {
  return documentId(JSON.stringify([format, version, reference, image.digest, image.packages, image.problems]));
}

/** What an SBOM says of what could not be read. */
export function incompleteText({ problems }: PackagesOfImage): string | undefined {
  return problems.length === 0
    ? undefined
    : `Packages may be missing. ${problems.map(({ path, text }) => `Not read: ${path}: ${text}.`).join(' ')}`;
}

/** Without milliseconds, as SPDX writes times. */
export function timeText(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
