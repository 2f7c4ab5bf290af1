/** Signs the image of a build when it is done. The key is opened before anything is built. */
import type { KeyObject } from 'node:crypto';
import { basename } from 'node:path';
import type { BuildRequest } from '../../shared/build.ts';
import { type Digest, parseReference } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Settings } from '../../shared/settings.ts';
import { readKeyFile } from '../attestations/key-files.ts';
import type { AttachedManifest } from '../images/attached-manifests.ts';
import { digestOf } from '../images/digest.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import { readStoredManifest } from '../images/stored-manifest.ts';
import { taggedManifest } from '../images/tagged-manifest.ts';
import type { AnySecretRequest, AskSecret } from '../ssh/authentication/secret-request.ts';
import { version } from '../system/version.ts';

/** How often a password may be wrong. */
const maxTries = 3;

export interface SignerOptions {
  /** Undefined if no person can be asked. */
  readonly askSecret: AskSecret<AnySecretRequest> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export class ImageSigner {
  readonly #key: KeyObject;
  readonly #identity: string;

  private constructor(key: KeyObject, identity: string) {
    this.#key = key;
    this.#identity = identity;
  }

  /**
   * The signer of a build, if its request or a setting asks for signatures.
   * @throws Failure `key.missing`, `key.invalid`, `key.password`; the reason of the signal
   */
  static async open(request: BuildRequest, options: SignerOptions): Promise<ImageSigner | undefined> {
    const { sign, signKey } = request;
    if (!(sign ?? signKey !== undefined)) {
      return undefined;
    }
    if (!signKey) {
      throw fail(
        'key.missing',
        'The image is to be signed, and no key is chosen.',
        'Choose one in the settings, or give it with --sign-key.',
      );
    }
    const { registry, repository } = nameOf(request);
    const identity = registry === undefined ? repository : `${registry}/${repository}`;
    return new ImageSigner(await openKey(signKey, request.reference, options), identity);
  }

  /** Signs a list of local storage, its images, and what is attached to them, unless the key has done so before. */
  async sign(store: ImageStore, reference: string, signal: AbortSignal): Promise<void> {
    const { openLocalHome } = await import('../attestations/signing/signature-home.ts');
    const { signAll } = await import('../attestations/signing/sign.ts');
    const home = await openLocalHome(store, reference);
    try {
      await signAll(home, {
        ...{ key: this.#key, identity: this.#identity, recursive: true, attestations: true, onlyMissing: true, signal },
        ...{ creator: `barnraiser/${version}`, at: new Date() },
      });
    } finally {
      await home.close();
    }
  }

  /** The signature of a list that is not in local storage. The lease holds its parts. */
  async signElsewhere(store: ImageStore, digest: Digest, lease: Lease): Promise<AttachedManifest> {
    const { payloadType, signatureTag, signImage } = await import('../attestations/signing/simple-signing.ts');
    const how = { creator: `barnraiser/${version}`, at: new Date() };
    const { payload, annotations } = signImage({ digest, identity: this.#identity }, this.#key, how);
    const layer = { mediaType: payloadType, digest: digestOf(payload), size: payload.length, annotations };
    const manifest = taggedManifest([layer]);
    const attached = { subject: digest, role: 'signatures', tag: signatureTag(digest) } as const;
    const stored = await store.putAttached(manifest, [manifest.config, payload], attached, lease);
    return { ...(await readStoredManifest(store.blobs, stored)), attached };
  }
}

function nameOf({ reference, push }: BuildRequest) {
  const parsed = parseReference(push?.destination ?? reference);
  return typeof parsed === 'string' ? { registry: undefined, repository: reference } : parsed;
}

async function openKey(path: string, reference: string, options: SignerOptions): Promise<KeyObject> {
  const { needsPassword, readPrivateKey } = await import('../attestations/signing/keys.ts');
  const file = await readKeyFile(path);
  const { askSecret, signal = new AbortController().signal, env = process.env } = options;
  if (!needsPassword(file)) {
    return readPrivateKey(file, path, undefined);
  }
  if (env.COSIGN_PASSWORD !== undefined) {
    return readPrivateKey(file, path, env.COSIGN_PASSWORD);
  }
  const request = { kind: 'secret', connection: reference, secret: `password of ${basename(path)}` } as const;
  for (let tries = 1; ; tries += 1) {
    const password = (await askSecret?.(request, signal))?.secrets[0];
    signal.throwIfAborted();
    if (password === undefined) {
      throw fail(
        'key.password',
        `The key ${path} needs a password, and none was entered.`,
        'Set COSIGN_PASSWORD, or start the build in the window.',
      );
    }
    try {
      return await readPrivateKey(file, path, password);
    } catch (error) {
      const isWrong = error instanceof Failure && error.problem.code === 'key.password';
      if (!isWrong || tries === maxTries) {
        throw error;
      }
    }
  }
}

/** A request with what the settings say where it says nothing itself. Images that nodes push themselves do not come here. */
export function withSettings(request: BuildRequest, settings: Settings): BuildRequest {
  const { provenance, sbom, sign, signKey } = settings;
  const signs = request.sign ?? (request.signKey !== undefined || (sign ?? false));
  const isDirect = request.push?.direct === true;
  return {
    ...request,
    ...(isDirect ? {} : { provenance: request.provenance ?? provenance, sbom: request.sbom ?? sbom }),
    ...(signs && !(isDirect && request.sign === undefined) ? { sign: true, signKey: request.signKey ?? signKey } : {}),
  };
}
