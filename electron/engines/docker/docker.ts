/** The engine docker, through its API and one of its builders: BuildKit, or the classic builder where there is no BuildKit. */

import type { Capabilities } from '../../../shared/node.ts';
import { abortable } from '../../system/abortable.ts';
import { EngineApi } from '../api/engine-api.ts';
import type { BuildCache, CacheRetention, Engine } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';
import { buildImage } from './build.ts';
import { type BuilderChoice, type ClassicReason, chooseBuilder } from './builder-choice.ts';
import { dockerCache } from './cache-state.ts';
import { buildClassic } from './classic/build.ts';
import { classicCache } from './classic/cache-state.ts';
import { classicRetention } from './classic/images.ts';
import { removeImage, removeLeftovers, tagImage, untagImage } from './images.ts';
import { probeNode } from './probe.ts';
import { dockerStorage } from './storage.ts';
import { exportImage, loadImage, pushImage } from './transfer.ts';

/**
 * The oldest API that is used (docker 17.06), and the newest that this code was written for. Older dockers know neither stages nor
 * an ARG before FROM.
 */
export const oldestDockerApi = '1.30';
const newestDockerApi = '1.47';

/** The oldest API with BuildKit (docker 18.09), and that whose classic builder builds for other platforms (docker 20.10). */
const buildKitApi = '1.39';
const classicPlatformApi = '1.41';

/** The oldest API whose archives are also OCI layouts (docker 25). */
const ociArchiveApi = '1.44';

function dockerCapabilities(apiVersion: string, choice: BuilderChoice): Capabilities {
  const hasOciArchives = !isOlder(apiVersion, ociArchiveApi);
  return {
    exportFormats: [...(hasOciArchives ? (['oci-archive'] as const) : []), 'docker-archive'],
    ...(choice.kind === 'classic' ? { notes: [classicNote(choice.reason.because)] } : {}),
  };
}

function classicNote(because: string): string {
  return `docker builds without BuildKit, because ${because}: a Containerfile cannot use RUN --mount, COPY --chmod or here-documents (<<EOF), stages are built one after the other, and each build sends the whole context.`;
}

/** What docker says of itself in its response to `_ping`. */
export interface DockerFacts {
  readonly apiVersion: string;
  /** The builder that it prefers: `1` or `2`. */
  readonly builderVersion?: string | undefined;
  readonly isExperimental?: boolean;
}

/** docker 17.06 or newer behind a transport. */
export function dockerEngine(transport: Transport, facts: DockerFacts): Engine {
  const { apiVersion, builderVersion, isExperimental = false } = facts;
  const usedVersion = isOlder(apiVersion, newestDockerApi) ? apiVersion : newestDockerApi;
  const docker = new EngineApi(transport, 'docker', `/v${usedVersion}/`);
  let choice: BuilderChoice = { kind: 'buildkit' };
  const choosing = chooseBuilder(docker, { hasBuildKit: !isOlder(apiVersion, buildKitApi), builderVersion });
  const parts = choosing.then((chosen) => {
    choice = chosen;
    return chosen.kind === 'classic' ? classicParts(docker, chosen.reason) : buildKitParts(docker);
  });
  return {
    kind: 'docker',
    capabilities: () => dockerCapabilities(apiVersion, choice),
    probe: async (signal) => {
      const [node, { kind }] = await Promise.all([probeNode(docker, apiVersion, signal), choosing]);
      const buildsForOthers = kind === 'buildkit' || !isOlder(apiVersion, classicPlatformApi) || isExperimental;
      return {
        ...node,
        ...(buildsForOthers ? {} : { emulated: [] }),
        builder: kind,
        capabilities: dockerCapabilities(apiVersion, choice),
      };
    },
    recall: (facts) => facts.engine === 'docker' && facts.apiVersion === apiVersion,
    builder: {
      build: async (build, onOutput, signal) => (await abortable(signal, parts)).build(build, onOutput, signal),
    },
    transfer: {
      push: (image, target, _format, signal) => pushImage(docker, image, target, signal),
      export: (image, _format, signal) => exportImage(docker, image, signal),
    },
    loading: { archive: 'docker-archive', load: (archive, signal) => loadImage(docker, archive, signal) },
    retention: {
      tag: (image, name) => tagImage(docker, image, name),
      untag: async (image, name) => (await parts).retention.untag(image, name),
      remove: async (image) => (await parts).retention.remove(image),
      removeLeftovers: async (build) => (await parts).retention.removeLeftovers(build),
    },
    storage: dockerStorage(docker),
    cache: {
      read: async (query, asksRegistry, signal) => (await parts).cache.read(query, asksRegistry, signal),
      used: async (query, before, build, signal) => (await parts).cache.used(query, before, build, signal),
    },
  };
}

/** What depends on the builder. */
interface BuilderParts {
  readonly build: Engine['builder']['build'];
  readonly retention: Pick<CacheRetention, 'untag' | 'remove' | 'removeLeftovers'>;
  readonly cache: BuildCache;
}

function buildKitParts(docker: EngineApi): BuilderParts {
  return {
    build: (build, onOutput, signal) => buildImage(docker, build, onOutput, signal),
    retention: {
      untag: (_image, name) => untagImage(docker, name),
      remove: (image) => removeImage(docker, image),
      removeLeftovers: (build) => removeLeftovers(docker, build),
    },
    cache: dockerCache(docker),
  };
}

function classicParts(docker: EngineApi, reason: ClassicReason): BuilderParts {
  return {
    build: (build, onOutput, signal) => buildClassic(docker, reason, build, onOutput, signal),
    retention: classicRetention(docker),
    cache: classicCache(docker),
  };
}

/** Compares API versions such as `1.9` and `1.47` number by number. */
export function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
