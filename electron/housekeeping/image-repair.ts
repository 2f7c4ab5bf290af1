/** Fetches missing and damaged blobs of stored images again: from registries that have the image, or from the node that built it. */
import { randomBytes } from 'node:crypto';
import type { Build } from '../../shared/build.ts';
import { type Digest, parseReference, type Reference } from '../../shared/image.ts';
import { Failure, fail, type Problem, problemOf } from '../../shared/problem.ts';
import type { History } from '../builds/history.ts';
import { keptImage } from '../builds/image-source.ts';
import { transferImage } from '../builds/image-transfer.ts';
import type { SharedPortForwards } from '../builds/shared-port-forwards.ts';
import type { ConnectionStore } from '../connections/store.ts';
import type { ImageStore } from '../images/image-store.ts';
import { mediaTypes, parseManifest } from '../images/manifest.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import type { BlobUse, BrokenImage, RepairContext, RepairResult, RepairSource } from '../images/verify-images.ts';
import type { ConnectionPool } from '../nodes/connection-pool.ts';
import { RegistryClient } from '../registry/client.ts';
import type { PushHistory } from '../registry/push-history.ts';
import type { Registries } from '../registry/registries.ts';

export interface ImageRepairOptions {
  readonly store: ImageStore;
  readonly pushHistory: PushHistory;
  readonly history: Pick<History, 'list' | 'get'>;
  readonly connections: ConnectionStore;
  readonly pool: ConnectionPool;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
  readonly registries: Pick<Registries, 'source'>;
}

/** Registries and builds that are tried for one image. */
const maxRegistries = 4;
const maxBuilds = 20;

export class ImageRepair {
  readonly #options: ImageRepairOptions;

  constructor(options: ImageRepairOptions) {
    this.#options = options;
  }

  /** @param tlsVerify false also allows registries with plain HTTP and untrusted certificates: digests say what is right */
  source(tlsVerify: boolean): RepairSource {
    return { repair: (image, context) => this.#repair(image, tlsVerify, context) };
  }

  async #repair(image: BrokenImage, tlsVerify: boolean, context: RepairContext): Promise<RepairResult> {
    const repaired = new Map<Digest, string>();
    const failures: Problem[] = [];
    const missing = (): BlobUse[] => image.problems.filter(({ digest }) => !repaired.has(digest));
    const registries = await this.#registriesOf(image);
    for (const { name, isVerified } of registries) {
      await this.#attempt(failures, context, () =>
        this.#fromRegistry(name, tlsVerify && isVerified, missing(), repaired, context),
      );
    }
    if (missing().some(({ role }) => role !== 'list')) {
      await this.#attempt(failures, context, () => this.#fromNodes(image, missing(), repaired, context));
    }
    if (missing().length === 0) {
      return { repaired, failures };
    }
    const builds = await this.#buildsOf(image.reference);
    const builtBy = builds.find(({ list }) => list?.digest === image.list) ?? builds[0];
    if (failures.length === 0) {
      failures.push(nowhereFailure(image, registries.length > 0).problem);
    }
    return { repaired, failures, builtBy: builtBy && { id: builtBy.id, context: builtBy.request.context } };
  }

  /** A source that does not answer does not end the repair. */
  async #attempt(failures: Problem[], { signal }: RepairContext, attempt: () => Promise<void>): Promise<void> {
    try {
      signal.throwIfAborted();
      await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Failure)) {
        throw error;
      }
      failures.push(problemOf(error));
    }
  }

  /** Where the same list was pushed first, then where another list of the same name was: they may share layers. */
  async #registriesOf({ reference, list }: BrokenImage): Promise<RepairRegistry[]> {
    const pushes = await this.#options.pushHistory.list();
    const same = pushes.filter((push) => push.digest === list);
    const others = pushes.filter((push) => push.digest !== list && push.reference === reference);
    // an image that names a registry may come from there
    const names = [...same, ...others].map(({ destination }) => destination).concat(reference ?? []);
    const registries = [...new Set(names)].flatMap((name) => {
      const parsed = parseReference(name);
      if (typeof parsed === 'string' || parsed.registry === undefined) {
        return [];
      }
      // as the newest push to the registry was done
      const newest = pushes.find(({ destination }) => destination.startsWith(`${parsed.registry}/`));
      return [{ name: parsed, isVerified: newest?.tlsVerify !== false }];
    });
    return registries.slice(0, maxRegistries);
  }

  async #fromRegistry(
    { registry = '', repository }: Reference,
    tlsVerify: boolean,
    missing: readonly BlobUse[],
    repaired: Map<Digest, string>,
    { lease, signal, onBytes, onText }: RepairContext,
  ): Promise<void> {
    if (missing.length === 0) {
      return;
    }
    const { blobs } = this.#options.store;
    const from = `${registry}/${repository}`;
    onText(`Fetching from ${from}`);
    const client = await RegistryClient.open({
      ...{ registry, repository, access: 'pull', tlsVerify, signal },
      credentials: this.#options.registries.source(),
    });
    try {
      for (const { digest, size, role } of missing) {
        await lease.hold(digest);
        if (role === 'list' || role === 'manifest') {
          const manifest = await client.getManifest(digest);
          if (manifest) {
            onBytes(manifest.bytes.length);
            await blobs.put(manifest.bytes);
            repaired.set(digest, from);
          }
        } else if (await client.hasBlob(digest)) {
          const writer = blobs.createWriter({ maxBytes: size });
          try {
            for await (const chunk of client.readBlob({ digest, size, signal })) {
              await writer.write(chunk);
              onBytes(chunk.length);
            }
            await writer.finish(digest);
            repaired.set(digest, from);
          } finally {
            await writer.abort();
          }
        }
      }
    } finally {
      await client.close();
    }
  }

  /** The nodes of the newest builds that made the images, as far as they have kept them. */
  async #fromNodes(
    image: BrokenImage,
    missing: readonly BlobUse[],
    repaired: Map<Digest, string>,
    context: RepairContext,
  ): Promise<void> {
    const { store } = this.#options;
    const broken = new Map(missing.flatMap((use) => (use.image ? [[use.image.digest, use.image] as const] : [])));
    const builds = await this.#buildsOf(image.reference);
    const failures: unknown[] = [];
    for (const { digest, platform } of broken.values()) {
      const job = builds.flatMap(({ jobs }) => jobs).find((each) => each.digest === digest && each.status === 'done');
      const manifest = await store.blobs.readVerified(digest).then(
        (bytes) => parseManifest(bytes),
        () => undefined,
      );
      if (!job || !platform || manifest?.kind !== 'image') {
        continue;
      }
      try {
        const format = manifest.mediaType === mediaTypes.dockerManifest ? 'docker' : 'oci';
        const id = manifest.config.digest.slice('sha256:'.length);
        await this.#fromNode({ node: job.node, platform, id, format }, context);
        for (const use of missing) {
          if (use.image?.digest === digest && (await store.blobs.has(use.digest))) {
            repaired.set(use.digest, `node ${job.node}`);
          }
        }
      } catch (error) {
        context.signal.throwIfAborted();
        failures.push(isAbsent(error) ? absentFailure(job.node) : error);
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }

  async #buildsOf(reference: string | undefined): Promise<Build[]> {
    const { history } = this.#options;
    const { entries } = await history.list({
      limit: 200,
      ...(reference === undefined ? {} : { filter: { text: reference } }),
    });
    const found: Build[] = [];
    for (const { id } of entries.filter((entry) => entry.status === 'done').slice(0, maxBuilds)) {
      const build = await history.get(id).catch(() => undefined);
      found.push(...(build ? [build] : []));
    }
    return found;
  }

  async #fromNode(
    { node, platform, id, format }: FromNode,
    { lease, signal, onBytes, onText }: RepairContext,
  ): Promise<void> {
    const { store, receiver, portForwards, connections, pool } = this.#options;
    onText(`Fetching from node ${node}`);
    const connection = await pool.connect(await connections.get(node), signal);
    const { transfer } = connection.engine;
    if (!transfer) {
      throw fail('engine.unsupported', `Node ${node} keeps no images that it has built.`, 'Build the image again.');
    }
    await transferImage({
      ...{ connection, store, receiver, portForwards, lease, format, platform, signal, onBytes },
      anyVariant: true,
      tag: `repair-${randomBytes(6).toString('hex')}`,
      repository: 'barnraiser/repair',
      source: keptImage(transfer, id, { imageId: id }, format, signal),
      onMethod: () => undefined,
      onLogLine: () => undefined,
    });
  }
}

interface RepairRegistry {
  readonly name: Reference;
  /** Whether TLS was verified when an image was pushed there. */
  readonly isVerified: boolean;
}

interface FromNode {
  readonly node: string;
  readonly platform: NonNullable<NonNullable<BlobUse['image']>['platform']>;
  /** Of the image on the node: engines use the digest of its configuration. */
  readonly id: string;
  readonly format: 'oci' | 'docker';
}

/** What engines answer for an image that they do not have. */
function isAbsent(error: unknown): boolean {
  const { message = '', detail = '' } = error instanceof Failure ? error.problem : {};
  return /no such (?:image|file)|image not known|not found/i.test(`${message} ${detail}`);
}

function absentFailure(node: string): Failure {
  return fail('image.unknown', `Node ${node} has not kept the image.`, 'Build it again, or delete it.');
}

function nowhereFailure({ reference }: BrokenImage, hasRegistries: boolean): Failure {
  const name = reference ?? 'an image that is kept for later builds';
  return fail(
    'image.incomplete',
    hasRegistries
      ? `The registries of ${name} do not have all of it, and neither has a node that built it.`
      : `${name} was not pushed to a registry, and no node that built it has it.`,
    reference === undefined ? 'Clear the cache of images.' : 'Build it again, or delete it.',
  );
}
