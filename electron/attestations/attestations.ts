/** What is known of the making and the content of images, and who vouches for them. Each function answers a call. */
import type { KeyObject } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { parseReference, type Reference } from '../../shared/image.ts';
import type { ImagePackages } from '../../shared/packages.ts';
import { fail } from '../../shared/problem.ts';
import type { Provenance } from '../../shared/provenance.ts';
import type { Signed } from '../../shared/signature.ts';
import type { Events } from '../events.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { StoredImage, StoredList } from '../images/stored-list.ts';
import type { Registries } from '../registry/registries.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { version } from '../system/version.ts';
import { describeProvenance, readStatements } from './read-provenance.ts';
import { selectImage } from './select-image.ts';
import type { SignatureHome } from './signing/signature-home.ts';

/** Reads one image of a stored list, whose blobs stay meanwhile. */
async function withImage<T>(
  store: ImageStore,
  { reference, platform }: CallRequest<'images.packages'>,
  read: (image: StoredImage, stored: StoredList) => Promise<T>,
): Promise<T> {
  const { stored, lease } = await store.leaseList(reference);
  try {
    return await read(selectImage(reference, stored, platform), stored);
  } finally {
    await lease.release();
  }
}

/** Reports how much of the layers of an image was read. */
function reading(events: Events, task: string | undefined, { layers }: StoredImage): (bytes: number) => void {
  const totalBytes = layers.reduce((sum, { size }) => sum + size, 0);
  let doneBytes = 0;
  return (bytes) => {
    doneBytes += bytes;
    if (task !== undefined) {
      events.batch({ event: 'images.progress', task, text: 'Reading layers', doneBytes, totalBytes });
    }
  };
}

/** @throws Failure `image.*`; the reason of the signal */
export function listPackages(
  store: ImageStore,
  { task, ...request }: CallRequest<'images.packages'>,
  events: Events,
  signal: AbortSignal,
): Promise<ImagePackages> {
  return withImage(store, request, async (image) => {
    const { readImagePackages } = await import('./packages/image-packages.ts');
    const onBytes = reading(events, task, image);
    const { release: _, ...packages } = await readImagePackages(store.blobs, image, { onBytes, signal });
    return packages;
  });
}

/** @throws Failure `image.*`, `disk.full`, `settings.unwritable`; the reason of the signal */
export function writeSbom(
  store: ImageStore,
  { format, file, epoch, task, ...request }: CallRequest<'images.sbom'>,
  events: Events,
  signal: AbortSignal,
): Promise<CallOutput<'images.sbom'>> {
  return withImage(store, request, async (stored) => {
    const { makeSbom } = await import('./sbom/sbom.ts');
    const { image, document } = await makeSbom(store.blobs, request.reference, stored, format, {
      ...{ epoch, signal },
      onBytes: reading(events, task, stored),
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

/** @throws Failure `attestation.none`, `image.*` */
export function readProvenance(store: ImageStore, request: CallRequest<'images.provenance'>): Promise<Provenance> {
  return withImage(store, request, async (image, stored) => {
    const statements = describeProvenance(await readStatements(store.blobs, stored, image));
    return { digest: image.digest, platform: image.platform, statements };
  });
}

/** @throws Failure `key.*`, `image.*`, `registry.*` */
export async function listSignatures(
  services: SignatureServices,
  { reference, key, password, registry }: CallRequest<'images.signatures'>,
  signal: AbortSignal,
): Promise<Signed[]> {
  const { readPublicKey } = await import('./signing/keys.ts');
  const { readSignatures } = await import('./signing/sign.ts');
  const publicKey = key === undefined ? undefined : await readPublicKey(await readKeyFile(key), key, password);
  return withHome(services, { reference, registry, access: 'pull', signal }, (home) =>
    readSignatures(home, home.manifests, publicKey),
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

export interface SignatureServices {
  readonly store: ImageStore;
  readonly registries: Pick<Registries, 'source'>;
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
async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail('key.invalid', `The key ${path} cannot be read.`, 'Check its path and its permissions.', reason);
  }
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
