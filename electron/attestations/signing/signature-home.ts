/** Where the signatures of an image are: local storage, or the registry of the image. */
import type { Digest, Reference } from '../../../shared/image.ts';
import { formatReference } from '../../../shared/image.ts';
import { type Platform, platformOf } from '../../../shared/platform.ts';
import { fail } from '../../../shared/problem.ts';
import type { AttachedManifest } from '../../images/attached-manifests.ts';
import { isAttachment } from '../../images/attachments.ts';
import { digestOf } from '../../images/digest.ts';
import type { ImageStore } from '../../images/image-store.ts';
import { type Descriptor, isIndexType, parseManifest } from '../../images/manifest.ts';
import type { StoredList } from '../../images/stored-list.ts';
import { joinLayers, taggedLayers, taggedManifest } from '../../images/tagged-manifest.ts';
import { bufferSource } from '../../registry/buffer-source.ts';
import { RegistryClient } from '../../registry/client.ts';
import type { SessionOptions } from '../../registry/session.ts';
import { type AttachedStatement, readStatements } from '../read-provenance.ts';
import { signatureTag } from './simple-signing.ts';

/** `sig`: of the image itself. `att`: of statements about it. */
export type SignatureKind = 'sig' | 'att';

/** A list or an image that can be signed. */
export interface SignedManifest {
  readonly digest: Digest;
  /** Missing for the list. */
  readonly platform?: Platform;
}

export interface NewLayer {
  readonly mediaType: string;
  readonly content: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Payloads are a few hundred bytes, but not all programs that sign are ours. */
export const maxPayloadBytes = 1024 * 1024;
/** Signatures that are compared with a key. Each takes less than a millisecond. */
const maxLayers = 500;

export interface SignatureHome {
  /** The list, then the images of its platforms. */
  readonly manifests: readonly SignedManifest[];
  layersOf(digest: Digest, kind: SignatureKind): Promise<readonly Descriptor[]>;
  /** Undefined if it is missing, too large, or has been changed. */
  payload(layer: Descriptor): Promise<Buffer | undefined>;
  /** Adds layers to those that are there. */
  add(digest: Digest, kind: SignatureKind, layers: readonly NewLayer[]): Promise<void>;
  statementsOf(digest: Digest): Promise<readonly AttachedStatement[]>;
  close(): Promise<void>;
}

const roles = { sig: 'signatures', att: 'signed-attestations' } as const;

/** @throws Failure `image.unknown` */
export async function openLocalHome(store: ImageStore, reference: string): Promise<SignatureHome> {
  const { stored, lease } = await store.leaseList(reference);
  const find = async (digest: Digest, kind: SignatureKind): Promise<AttachedManifest | undefined> =>
    (await store.attachedTo([digest])).find(({ attached }) => attached.role === roles[kind]);
  return {
    manifests: manifestsOf(stored),
    layersOf: async (digest, kind) => ((await find(digest, kind))?.layers ?? []).slice(0, maxLayers),
    payload: ({ digest }) => store.blobs.readWhole(digest, maxPayloadBytes).catch(() => undefined),
    add: async (digest, kind, layers) => {
      const older = await find(digest, kind);
      const manifest = taggedManifest(joinLayers(older?.layers ?? [], layers.map(descriptorOf)));
      await store.attach(manifest, [manifest.config, ...layers.map(({ content }) => content)], {
        subject: digest,
        role: roles[kind],
        tag: signatureTag(digest, kind),
      });
    },
    statementsOf: (digest) => readStatements(store.blobs, stored, { digest }),
    close: () => lease.release(),
  };
}

function manifestsOf({ list, images }: StoredList): SignedManifest[] {
  return [{ digest: list.digest }, ...images.map(({ digest, platform }) => ({ digest, platform }))];
}

function descriptorOf({ mediaType, content, annotations }: NewLayer): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length, annotations: { ...annotations } };
}

/** @throws Failure `reference.no-registry`, `registry.*`, `image.unknown` */
export async function openRemoteHome(
  reference: Reference,
  options: Omit<SessionOptions, 'registry' | 'repository'>,
): Promise<SignatureHome> {
  const { registry, repository, tag } = reference;
  if (registry === undefined) {
    throw fail(
      'reference.no-registry',
      `"${formatReference(reference)}" does not name a registry.`,
      'Name the image with its registry, such as registry.example.com/team/api:1.4.',
    );
  }
  const client = await RegistryClient.open({ ...options, registry, repository });
  try {
    return await remoteHome(client, reference, tag, options.signal);
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function remoteHome(
  client: RegistryClient,
  reference: Reference,
  tag: string,
  signal: AbortSignal,
): Promise<SignatureHome> {
  const top = await client.getManifest(tag);
  if (!top) {
    throw fail(
      'image.unknown',
      `There is no image ${formatReference(reference)} in the registry.`,
      'Check its name, or push it.',
    );
  }
  const { bytes, mediaType, digest } = top;
  const parsed = isIndexType(mediaType) ? parseManifest(bytes, mediaType) : undefined;
  const images = parsed?.kind === 'index' ? parsed.manifests.filter((entry) => !isAttachment(entry)) : [];
  return {
    manifests: [
      { digest },
      ...images.flatMap((entry) => {
        const platform = entry.platform && platformOf({ ...entry.platform, variant: entry.platform.variant ?? '' });
        return platform ? [{ digest: entry.digest, platform }] : [];
      }),
    ],
    layersOf: async (subject, kind) => {
      const found = await client.getManifest(signatureTag(subject, kind));
      return found ? taggedLayers(found).slice(0, maxLayers) : [];
    },
    payload: ({ digest: payload }) => client.getBlob(payload, maxPayloadBytes).catch(() => undefined),
    add: async (subject, kind, layers) => {
      const name = signatureTag(subject, kind);
      const found = await client.getManifest(name);
      const manifest = taggedManifest(joinLayers(found ? taggedLayers(found) : [], layers.map(descriptorOf)));
      const contents = [manifest.config, ...layers.map(({ content }) => content)];
      const blobs = bufferSource(contents);
      for (const content of contents) {
        if (!(await client.hasBlob(digestOf(content)))) {
          await client.uploadBlob({ digest: digestOf(content), blobs, onSent: () => undefined, signal });
        }
      }
      await client.putManifest(name, manifest);
    },
    statementsOf: async () => [],
    close: () => client.close(),
  };
}
