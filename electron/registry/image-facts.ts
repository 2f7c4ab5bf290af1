/** Asks registries what base images are: for which platforms, with which variables. */
import { isDigest, parseReference } from '../../shared/image.ts';
import { type Platform, platformOf, platformsRunBy } from '../../shared/platform.ts';
import { type ImageConfig, type Manifest, maxManifestBytes, parseConfig, parseManifest } from '../images/manifest.ts';
import { systemPaths } from '../system/system-paths.ts';
import { RegistryClient } from './client.ts';
import type { CredentialSource } from './credential-source.ts';

interface ImageFacts {
  /** Empty if the image does not say it. */
  readonly platforms: readonly Platform[];
  /** As `NAME=value`. Undefined if there is no image for the platform. */
  readonly env?: readonly string[];
  readonly hasShell?: boolean;
}

/** Milliseconds for one image. The answer only helps, so that it is not waited for any longer. */
const timeoutMs = 4_000;
/** Milliseconds that an answer is used again, so that a form that is filled in does not ask each time. */
const keptMs = 5 * 60_000;
const maxKept = 100;

/** Remembers its answers. Every failure is undefined: the engine will say it. */
export class ImageFactsReader {
  readonly #source: () => CredentialSource;
  readonly #kept = new Map<string, { readonly until: number; readonly facts: Promise<ImageFacts | undefined> }>();

  constructor(source: () => CredentialSource = () => systemPaths()) {
    this.#source = source;
  }

  /** @param platform Undefined: the variables are those of the first platform. */
  readonly read = (name: string, platform: Platform | undefined): Promise<ImageFacts | undefined> => {
    const key = `${name} ${platform ?? ''}`;
    const kept = this.#kept.get(key);
    if (kept && kept.until > Date.now()) {
      return kept.facts;
    }
    const facts = readImageFacts(name, platform, this.#source(), AbortSignal.timeout(timeoutMs)).catch(() => undefined);
    // a failure may be over the next time
    void facts.then((found) => found ?? this.#kept.delete(key));
    this.#kept.delete(key);
    this.#kept.set(key, { until: Date.now() + keptMs, facts });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) {
      this.#kept.delete(oldest);
    }
    return facts;
  };
}

/** @throws Failure `registry.*`, `image.corrupt`; the reason of the signal */
async function readImageFacts(
  name: string,
  platform: Platform | undefined,
  credentials: CredentialSource,
  signal: AbortSignal,
): Promise<ImageFacts | undefined> {
  const [path = '', digest] = name.split('@');
  const reference = parseReference(path);
  if (typeof reference === 'string' || (digest !== undefined && !isDigest(digest))) {
    return undefined;
  }
  const { registry = 'docker.io', repository, tag } = reference;
  const client = await RegistryClient.open({
    ...{ registry, repository, access: 'pull', signal },
    credentials,
    // engines use plain HTTP on the loopback, too
    tlsVerify: !/^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(registry),
    wait: async () => {
      throw new Error('It is not asked again.');
    },
  });
  try {
    const raw = await client.getManifest(digest ?? tag);
    const manifest = raw && parseManifest(raw.bytes, raw.mediaType);
    return manifest && (await factsOf(client, manifest, platform));
  } finally {
    await client.close();
  }
}

async function factsOf(
  client: RegistryClient,
  manifest: Manifest,
  platform: Platform | undefined,
): Promise<ImageFacts> {
  if (manifest.kind === 'image') {
    const config = await readConfig(client, manifest);
    const own = config && platformOf({ ...config, variant: config.variant ?? '' });
    return { platforms: own ? [own] : [], ...(config ? startOf(config) : {}) };
  }
  const images = manifest.manifests.flatMap((entry) => {
    const own = entry.platform && platformOf({ ...entry.platform, variant: entry.platform.variant ?? '' });
    return own ? [{ own, digest: entry.digest }] : [];
  });
  const wanted = platform === undefined ? images.slice(0, 1).map(({ own }) => own) : platformsRunBy(platform, false);
  const chosen = wanted.map((each) => images.find(({ own }) => own === each)).find((image) => image !== undefined);
  const raw = chosen && (await client.getManifest(chosen.digest));
  const image = raw && parseManifest(raw.bytes, raw.mediaType);
  const config = image?.kind === 'image' ? await readConfig(client, image) : undefined;
  return { platforms: [...new Set(images.map(({ own }) => own))], ...(config ? startOf(config) : {}) };
}

async function readConfig(
  client: RegistryClient,
  { config }: Extract<Manifest, { kind: 'image' }>,
): Promise<ImageConfig | undefined> {
  const bytes = await client.getBlob(config.digest, maxManifestBytes);
  return bytes && parseConfig(bytes);
}

function startOf({ config }: ImageConfig): Pick<ImageFacts, 'env' | 'hasShell'> {
  const shell = config?.Shell;
  return { env: config?.Env ?? [], hasShell: Array.isArray(shell) && shell.length > 0 };
}
