import { parseReference, type Reference } from '../../../shared/image.ts';
import type { SbomFormat } from '../../../shared/sbom-format.ts';
import type { BlobStore } from '../../images/blob-store.ts';
import { parseConfig } from '../../images/manifest.ts';
import type { StoredImage } from '../../images/stored-list.ts';
import { version } from '../../system/version.ts';
import { type PackagesOfImage, readImagePackages } from '../packages/image-packages.ts';
import type { ReadPackagesOptions } from '../packages/layer-packages.ts';

/** An SBOM as a document, and what it was made of. */
export interface Sbom {
  readonly image: PackagesOfImage;
  readonly document: object;
}

/**
 * The packages of an image in a format for other programs. The same image has the same SBOM.
 * @param epoch what is called the time when it was made, in seconds since 1970. Default: that of the image
 * @throws Failure `image.incomplete`, `image.corrupt`; the reason of the signal
 */
export async function makeSbom(
  blobs: BlobStore,
  reference: string,
  stored: Pick<StoredImage, 'digest' | 'platform' | 'layers' | 'config'>,
  format: SbomFormat,
  { epoch, ...options }: ReadPackagesOptions & { readonly epoch?: number | undefined } = {},
): Promise<Sbom> {
  const image = await readImagePackages(blobs, stored, options);
  const created = epoch === undefined ? await createdTime(blobs, stored) : new Date(epoch * 1000);
  const input = { reference: parsed(reference), image, created, version };
  return {
    image,
    document:
      format === 'spdx-json'
        ? (await import('./spdx.ts')).spdxDocument(input)
        : (await import('./cyclonedx.ts')).cyclonedxDocument(input),
  };
}

function parsed(text: string): Reference {
  const reference = parseReference(text);
  return typeof reference === 'string' ? { repository: text, tag: 'latest' } : reference;
}

async function createdTime(blobs: BlobStore, { config }: Pick<StoredImage, 'config'>): Promise<Date> {
  const { created } = parseConfig(await blobs.readVerified(config.digest));
  const time = typeof created === 'string' ? new Date(created) : new Date(0);
  return Number.isNaN(time.getTime()) ? new Date(0) : time;
}
