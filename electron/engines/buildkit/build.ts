/** Builds with BuildKit: the one in docker, or a daemon of its own. */
import { randomUUID } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';
import { ConnectError } from '@connectrpc/connect';
import { attestationsOf } from '../../../shared/builder-attestation.ts';
import { cacheOfPlatform, type RemoteCache, remoteCaches } from '../../../shared/remote-cache.ts';
import { hostAddress } from '../../../shared/step-limits.ts';
import { sanitizeText } from '../../../shared/untrusted-text.ts';
import { cancelledProblem, type EngineApi } from '../api/engine-api.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { optionParameters } from '../option-parameters.ts';
import type { RegistryLogin } from '../registry-login.ts';
import { BuildKitOutput } from './build-output.ts';
import { buildProblem } from './build-problem.ts';
import { type CacheRecords, removeNewRecords } from './cache-records.ts';
import { buildKitClient } from './client.ts';
import { frontendContexts, keyOfContexts } from './named-contexts.ts';
import { openSession } from './session.ts';
import { solve } from './solve.ts';
import { errorSource } from './source-lines.ts';

/** A BuildKit, and what its failures are reported as. */
export interface BuildKitHost {
  readonly api: EngineApi;
  readonly records: CacheRecords;
  /** Opens a stream that speaks HTTP/2 with prior knowledge. @throws Failure of the connection */
  openStream(signal: AbortSignal): Promise<Duplex>;
}

/** What becomes of the result of a build. */
export interface Exporter {
  readonly name: string;
  readonly attrs: Readonly<Record<string, string>>;
  /** For the registry that the exporter pushes to. */
  readonly login?: RegistryLogin | undefined;
  /** Takes the archive of an exporter that sends one. See `FileSend`. */
  readonly receive?: (archive: Readable) => Promise<void>;
}

/** The facts of an exporter's response. */
export type ExporterResponse = Readonly<Record<string, string>>;

/** BuildKit repeats the command of a step before it says what has failed. In characters. */
const maxErrorLength = 100_000;

type OnOutput = (output: EngineOutput) => void;

/**
 * Builds. BuildKit reads the context through a session, and keeps it for the next build of the project, which then sends only
 * what has changed. Ending the call cancels the build and also ends the program of a RUN step (docker 26.1.5). See
 * `Builder.build`.
 */
export async function buildAndExport(
  host: BuildKitHost,
  build: EngineBuild,
  exporter: Exporter,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<ExporterResponse> {
  if (!build.discardCache) {
    return buildOnce(host, build, exporter, onOutput, signal);
  }
  const before = await host.records.list(signal).catch(() => undefined);
  try {
    return await buildOnce(host, build, exporter, onOutput, signal);
  } finally {
    // If this fails, it costs disk space on the node but not the build.
    if (before) {
      await removeNewRecords(host.records, new Set(before.map(({ id }) => id))).catch(() => undefined);
    }
  }
}

async function buildOnce(
  host: BuildKitHost,
  build: EngineBuild,
  exporter: Exporter,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<ExporterResponse> {
  if (signal.aborted) {
    throw cancelledProblem(signal);
  }
  const { name, attrs, login, receive } = exporter;
  const [stream, sharedKey] = await Promise.all([
    host.openStream(signal),
    // what a build leaves on the node is removed if its cache is, but not what was there before
    build.discardCache ? randomUUID() : keyOfContexts(build),
  ]);
  const named = frontendContexts(build, host.api.node);
  const client = buildKitClient(stream);
  const session = openSession(client, {
    context: build.context,
    namedFolders: named.folders,
    logins: [...(login ? [login] : []), ...named.logins, ...build.logins],
    secrets: build.secrets,
    ssh: build.ssh,
    sharedKey,
    onReused: (bytes) => bytes > 0 && onOutput({ kind: 'context-reused', bytes }),
    receive,
  });
  const output = new BuildKitOutput(build, onOutput);
  try {
    const response = await solve(client, {
      session: session.id,
      frontendAttrs: { ...frontendAttrs(build), ...named.attrs },
      exporter: name,
      exporterAttrs: attrs,
      cache: cachesOf(build),
      entitlements: build.network === 'host' ? ['network.host'] : [],
      // its history has the log, and what a step prints of a secret is hidden only here
      isUnrecorded: build.discardCache || build.secrets.length > 0,
      onStatus: (status) => output.read(status),
      outputReady: build.outputReady,
      signal,
    });
    output.end(true);
    return response;
  } catch (error) {
    output.end(false);
    if (signal.aborted) {
      throw cancelledProblem(signal);
    }
    throw session.failure ?? toFailure(host, build, output, stream, error);
  } finally {
    session.close();
    client.close();
  }
}

/** BuildKit's own error has no cause. Any other is one of the connection. */
function toFailure(
  { api }: BuildKitHost,
  build: EngineBuild,
  output: BuildKitOutput,
  stream: Duplex,
  error: unknown,
): unknown {
  if (!(error instanceof ConnectError && error.cause === undefined && !stream.destroyed)) {
    return api.toFailure(error, 'finish the build');
  }
  const message = sanitizeText(error.rawMessage, maxErrorLength).trim();
  return output.isDelivering || /^exporter "/.test(message)
    ? api.refusedProblem(build.delivery?.kind === 'push' ? 'push the image' : 'export the image', message)
    : buildProblem(api, build, output, message, errorSource(error, build));
}

/**
 * The attributes of the frontend. With the mode `pull`, BuildKit looks for a newer base image and downloads only what it lacks,
 * so the policies `always` and `newer` are the same. It has no policy `never`: see the limits of docker.
 */
function frontendAttrs(build: EngineBuild): Record<string, string> {
  const { addHosts = [], network, noCacheFor = [] } = build;
  const hosts = addHosts.flatMap((text) => hostAddress(text) ?? []);
  const { imports } = cachesOf(build);
  return {
    filename: build.file,
    platform: build.platform,
    'image-resolve-mode': build.pull === 'missing' ? 'default' : 'pull',
    ...Object.fromEntries(optionParameters('buildkit', build)),
    ...Object.fromEntries(attestationsOf(build.attest).map(({ type, attrs }) => [`attest:${type}`, attrs])),
    ...(build.noCache ? { 'no-cache': '' } : noCacheFor.length > 0 ? { 'no-cache': noCacheFor.join(',') } : {}),
    ...(hosts.length > 0 ? { 'add-hosts': hosts.map(({ host, ip }) => `${host}=${ip}`).join(',') } : {}),
    ...(network === 'none' || network === 'host' ? { 'force-network-mode': network } : {}),
    // the frontend decides which caches it imports
    ...(imports.length > 0
      ? { 'cache-imports': JSON.stringify(imports.map(({ type, attrs }) => ({ Type: type, Attrs: attrs }))) }
      : {}),
  };
}

/** Of a cache that is read, both that of the platform and one that an image of that name has in itself. */
function cachesOf({ cacheFrom, cacheTo, platform }: EngineBuild): Record<'imports' | 'exports', RemoteCache[]> {
  const own = (cache: RemoteCache): RemoteCache => cacheOfPlatform(cache, platform);
  return {
    imports: remoteCaches(cacheFrom).flatMap((cache) =>
      cache.type === 'registry' ? [own(cache), cache] : [own(cache)],
    ),
    exports: remoteCaches(cacheTo).map(own),
  };
}
