/** What is known of the making and the content of images, and who vouches for them. Each function answers a call. */
import type { KeyObject } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { formatReference, parseReference, type Reference } from '../../shared/image.ts';
import { parseRegistryImage, type RegistryImage } from '../../shared/image-location.ts';
import type { ImagePackages } from '../../shared/packages.ts';
import { fail } from '../../shared/problem.ts';
import type { Provenance } from '../../shared/provenance.ts';
import type { Signed } from '../../shared/signature.ts';
import type { Events } from '../events.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { StoredImage, StoredList } from '../images/stored-list.ts';
import { type BorrowOptions, borrowImage } from '../registry/borrowed-image.ts';
import type { PushProgress } from '../registry/push-progress.ts';
import type { Registries } from '../registry/registries.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { version } from '../system/version.ts';
import { readKeyFile } from './key-files.ts';
import { describeProvenance, readStatements } from './read-provenance.ts';
import { selectImage } from './select-image.ts';
import type { SignatureHome } from './signing/signature-home.ts';
import type { VerifyingKey } from './signing/simple-signing.ts';
import type { TrustedKeys } from './trusted-keys.ts';

export interface AttestedServices {
  readonly store: ImageStore;
  readonly registries: Pick<Registries, 'source'>;
  readonly events: Events;
}

type ImageRequest = Pick<CallRequest<'images.packages'>, 'reference' | 'platform' | 'registry'>;

/**
 * Reads one image of a list of local storage, or of a registry, whose blobs stay meanwhile.
 * @param needs what of an image of a registry comes here
 */
async function withImage<T>(
  { store, registries }: Pick<AttestedServices, 'store' | 'registries'>,
  { reference, platform, registry }: ImageRequest,
  needs: Pick<BorrowOptions, 'attachments' | 'onProgress'> & { readonly layers?: boolean },
  signal: AbortSignal,
  read: (image: StoredImage, stored: StoredList) => Promise<T>,
): Promise<T> {
  const { stored, release } = registry
    ? await borrowImage(registryImage(reference), {
        ...{ store, signal, credentials: registries.source(), tlsVerify: registry.tlsVerify },
        ...(needs.attachments ? { attachments: true } : {}),
        ...(needs.onProgress ? { onProgress: needs.onProgress } : {}),
        needsLayers: (image, list) => needs.layers === true && image === selectImage(reference, list, platform),
      })
    : await store
        .leaseList(formatReference(parsed(reference)))
        .then(({ lease, ...rest }) => ({ ...rest, release: () => lease.release() }));
  try {
    return await read(selectImage(reference, stored, platform), stored);
  } finally {
    await release();
  }
}

/** @throws Failure `reference.invalid` */
function registryImage(reference: string): RegistryImage {
  const image = parseRegistryImage(reference);
  if (typeof image === 'string') {
    throw fail('reference.invalid', image, 'Enter a name such as registry.example.com/team/api:1.4.');
  }
  return image;
}

/** Reports how much of an image was downloaded, then how much of its layers was read. */
function progressOf(events: Events, task: string | undefined) {
  const report = (text: string, doneBytes: number, totalBytes: number): void => {
    if (task !== undefined) {
      events.batch({ event: 'images.progress', task, text, doneBytes, totalBytes });
    }
  };
  return {
    onProgress: ({ uploadedBytes, skippedBytes, totalBytes }: PushProgress): void =>
      report('Downloading layers', uploadedBytes + skippedBytes, totalBytes),
    reading: ({ layers }: StoredImage): ((bytes: number) => void) => {
      const totalBytes = layers.reduce((sum, { size }) => sum + size, 0);
      let doneBytes = 0;
      return (bytes) => {
        doneBytes += bytes;
        report('Reading layers', doneBytes, totalBytes);
      };
    },
  };
}

/** @throws Failure `image.*`, `registry.*`; the reason of the signal */
export function listPackages(
  services: AttestedServices,
  { task, ...request }: CallRequest<'images.packages'>,
  signal: AbortSignal,
): Promise<ImagePackages> {
  const { onProgress, reading } = progressOf(services.events, task);
  return withImage(services, request, { layers: true, onProgress }, signal, async (image) => {
    const { readImagePackages } = await import('./packages/image-packages.ts');
    const options = { onBytes: reading(image), signal };
    const { release: _, ...packages } = await readImagePackages(services.store.blobs, image, options);
    return packages;
  });
}

/** @throws Failure `image.*`, `registry.*`, `disk.full`, `settings.unwritable`; the reason of the signal */
export function writeSbom(
  services: AttestedServices,
  { format, file, epoch, task, ...request }: CallRequest<'images.sbom'>,
  signal: AbortSignal,
): Promise<CallOutput<'images.sbom'>> {
  const { onProgress, reading } = progressOf(services.events, task);
  return withImage(services, request, { layers: true, onProgress }, signal, async (stored) => {
    const { makeSbom } = await import('./sbom/sbom.ts');
    const { image, document } = await makeSbom(services.store.blobs, request.reference, stored, format, {
      ...{ epoch, signal },
      onBytes: reading(stored),
    });
    const text = `${JSON.stringify(document, undefined, 2)}\n`;
    if (file !== undefined) {
      await writeFileAtomic(file, text).catch((error: unknown) => {
        throw diskFailure(error, file);
      });
    }
    const { platform, digest, packages, problems } = image;
    return { platform, digest, packages: packages.length, problems, ...(file === undefined ? { text } : {}) };
  });
}

/** @throws Failure `attestation.none`, `image.*`, `registry.*`; the reason of the signal */
export function readProvenance(
  services: AttestedServices,
  request: CallRequest<'images.provenance'>,
  signal: AbortSignal,
): Promise<Provenance> {
  return withImage(services, request, { attachments: true }, signal, async (image, stored) => {
    const statements = describeProvenance(await readStatements(services.store.blobs, stored, image), image.digest);
    return { digest: image.digest, platform: image.platform, statements };
  });
}

/** @throws Failure `key.*`, `image.*`, `registry.*` */
export async function listSignatures(
  services: SignatureServices,
  { reference, key, password, trusted, registry }: CallRequest<'images.signatures'>,
  signal: AbortSignal,
): Promise<Signed[]> {
  const { readPublicKey } = await import('./signing/keys.ts');
  const { readSignatures } = await import('./signing/sign.ts');
  const keys: VerifyingKey[] = [];
  if (key !== undefined) {
    keys.push({ key: await readPublicKey(await readKeyFile(key), key, password) });
  } else if (trusted) {
    for (const { name, publicKey } of await services.trustedKeys.list()) {
      keys.push({ name, key: await readPublicKey(publicKey, name) });
    }
  }
  return withHome(services, { reference, registry, access: 'pull', signal }, (home) =>
    readSignatures(home, home.manifests, keys),
  );
}

/** @throws Failure `key.*`, `image.*`, `registry.*`; the reason of the signal */
export async function signImage(
  services: SignatureServices,
  { reference, key, password, identity, recursive, attestations, registry }: CallRequest<'images.sign'>,
  signal: AbortSignal,
): Promise<Signed[]> {
  const { readPrivateKey } = await import('./signing/keys.ts');
  const { signAll } = await import('./signing/sign.ts');
  const privateKey: KeyObject = await readPrivateKey(await readKeyFile(key), key, password);
  const { registry: host, repository } = parsed(reference);
  return withHome(services, { reference, registry, access: 'push', signal }, (home) =>
    signAll(home, {
      ...{ key: privateKey, recursive, attestations, signal },
      identity: identity ?? (host === undefined ? repository : `${host}/${repository}`),
      creator: `barnraiser/${version}`,
      at: new Date(),
    }),
  );
}

export interface SignatureServices extends Pick<AttestedServices, 'store' | 'registries'> {
  readonly trustedKeys: Pick<TrustedKeys, 'list'>;
}

interface HomeRequest {
  readonly reference: string;
  readonly registry: { readonly tlsVerify: boolean } | undefined;
  readonly access: 'pull' | 'push';
  readonly signal: AbortSignal;
}

async function withHome<T>(
  { store, registries }: SignatureServices,
  { reference, registry, access: wanted, signal }: HomeRequest,
  use: (home: SignatureHome) => Promise<T>,
): Promise<T> {
  const { openLocalHome, openRemoteHome } = await import('./signing/signature-home.ts');
  const home = registry
    ? await openRemoteHome(parsed(reference), {
        access: wanted,
        credentials: registries.source(),
        tlsVerify: registry.tlsVerify,
        signal,
      })
    : await openLocalHome(store, reference);
  try {
    return await use(home);
  } finally {
    await home.close();
  }
}

function parsed(text: string): Reference {
  const reference = parseReference(text);
  if (typeof reference === 'string') {
    throw fail('reference.invalid', reference, 'Enter a name such as registry.example.com/team/api:1.4.');
  }
  return reference;
}

/** @throws Failure `key.invalid` */
export async function inspectKey({ key }: CallRequest<'keys.inspect'>): Promise<CallOutput<'keys.inspect'>> {
  const { needsPassword } = await import('./signing/keys.ts');
  return { isEncrypted: needsPassword(await readKeyFile(key)) };
}

/** @throws Failure `key.exists`, `disk.full`, `settings.unwritable` */
export async function generateKeyFiles({
  prefix,
  password,
}: CallRequest<'keys.generate'>): Promise<CallOutput<'keys.generate'>> {
  const { fingerprintOf, generateKey, readPublicKey } = await import('./signing/keys.ts');
  const [privateKey, publicKey] = [`${prefix}.key`, `${prefix}.pub`];
  for (const path of [privateKey, publicKey]) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) {
      throw existsFailure(path);
    }
  }
  const files = await generateKey(password);
  for (const [path, text, mode] of [
    [privateKey, files.privateFile, 0o600],
    [publicKey, files.publicFile, 0o644],
  ] as const) {
    await writeFile(path, text, { flag: 'wx', mode }).catch((error: unknown) => {
      throw errnoCode(error) === 'EEXIST' ? existsFailure(path) : diskFailure(error, path);
    });
  }
  return { privateKey, publicKey, fingerprint: fingerprintOf(await readPublicKey(files.publicFile, publicKey)) };
}

function existsFailure(path: string) {
  return fail('key.exists', `${path} already exists.`, 'Choose another name, so that no key is lost.');
}
