import type { BuildRequest, Job } from '../../shared/build.ts';
import { optionsOf } from '../../shared/build-options.ts';
import { engineText, makesAttestations, type Node } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { problemOf } from '../../shared/problem.ts';
import { proxiesOf, proxyArgs } from '../../shared/proxy-variables.ts';
import { remoteCaches } from '../../shared/remote-cache.ts';
import type { PackedContext } from '../context/pack-context.ts';
import type { TarLayouts } from '../context/tar-layouts.ts';
import { BaseImageCheck } from '../engines/base-image.ts';
import type { EngineBuild, EngineOutput } from '../engines/engine.ts';
import { imageNames, imageOf, namedImages } from '../engines/named-images.ts';
import type { RegistryLogin } from '../engines/registry-login.ts';
import { temporaryImageName } from '../engines/temporary-name.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { BlobSize, ReceivedImage } from '../images/manifest.ts';
import type { Receiver } from '../images/receiver/receiver.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { assertStage } from '../projects/assert-stage.ts';
import { type ParsedContainerfile, parseContainerfile } from '../projects/parse-containerfile.ts';
import type { RunningPush } from '../registry/running-push.ts';
import { abortable } from '../system/abortable.ts';
import { passwordsOf } from '../system/login-secrets.ts';
import { annotateImage } from './annotate-image.ts';
import type { AttemptTracker } from './attempt-tracker.ts';
import type { BaseImageLogins } from './base-image-logins.ts';
import { pushDirectly } from './direct-transfer.ts';
import { buildHidingSecrets } from './hidden-secrets.ts';
import { deliveredImage, type ImageSource, keptImage } from './image-source.ts';
import { transferImage } from './image-transfer.ts';
import { findMaterials } from './materials.ts';
import type { BuildContexts, JobContexts } from './named-contexts.ts';
import type { NodeWork } from './node-work.ts';
import { checkPlatform, readAhead } from './platform-check.ts';
import type { PreparedBuild } from './prepare-build.ts';
import type { ProjectMemory } from './project-memory.ts';
import { RepeatedJob } from './repeated-job.ts';
import { repeatingPulls } from './repeated-pulls.ts';
import { applyRetention, type BuiltImage, cleanUpFailed, replaceCache } from './retention.ts';
import type { SharedPortForwards } from './shared-port-forwards.ts';

/** What all jobs of a build share. */
export interface JobInput {
  readonly buildId: string;
  readonly prepared: PreparedBuild;
  readonly context: PackedContext;
  readonly lease: Lease;
  readonly containerfile: ParsedContainerfile;
  readonly store: ImageStore;
  readonly receiver: Receiver;
  readonly portForwards: SharedPortForwards;
  readonly nodeWork: NodeWork;
  readonly layouts: TarLayouts;
  readonly contexts: BuildContexts;
  readonly logins: BaseImageLogins;
  /** The push of the build. */
  readonly push: RunningPush | undefined;
  /** Called with each blob of an image when it is in the image store, before the image is. */
  readonly onBlob: (blob: BlobSize) => void;
}

export interface FinishedJob {
  readonly image: ReceivedImage;
  /** Resolves when the job has left its node: when what it built is remembered, and the retention is applied. */
  readonly left: Promise<void>;
}

/**
 * Builds one platform on one node, unless nothing has changed since it was built there: sends the context, builds, transfers the
 * image, and applies the retention.
 * @throws Failure of any step. If the connection was lost, the caller decides whether another node takes over.
 */
export async function runJob(
  input: JobInput,
  tracker: AttemptTracker,
  connection: NodeConnection,
  signal: AbortSignal,
): Promise<FinishedJob> {
  const { buildId, prepared, context, store, receiver, portForwards, lease, nodeWork } = input;
  const { request, project } = prepared;
  const { engine, transport } = connection;
  const { platform, node, mode } = tracker.state;
  const file = prepared.containerfilesFor.get(platform) ?? prepared.containerfile;
  const containerfile =
    file === prepared.containerfile ? input.containerfile : parseContainerfile(file.content.toString('utf8'));
  const { instructions, directives } = containerfile;
  const tag = temporaryImageName(project.id, platform);
  // a lost connection also aborts requests that wait for an answer
  const signalOrLoss = AbortSignal.any([signal, transport.lost]);

  const status = prepared.nodes.find(({ connection: name }) => name === node);
  if (status?.state !== 'up' || status.node.engine !== 'podman') {
    assertStage(file);
  }
  const { buildArgs, target, format = 'oci' } = request;
  const imageInput = {
    instructions,
    buildArgs,
    ...(target === undefined ? {} : { target }),
    platform,
    nodePlatform: status?.state === 'up' ? status.node.platform : platform,
  };
  const base = new BaseImageCheck(imageInput);

  let built: BuiltImage | undefined;
  /** What only the build before needed is removed while the image is transferred. */
  let replaced: Promise<void> | undefined;
  tracker.enterPhase('context');
  const cacheImages = (caches: readonly string[] | undefined) =>
    remoteCaches(caches).flatMap(({ attrs }) => imageOf(attrs.ref ?? '') ?? []);
  const written = cacheImages(request.cacheTo);
  const images = [...namedImages(imageInput, directives.get('syntax')), ...cacheImages(request.cacheFrom), ...written];
  let foundLogins: Promise<RegistryLogin[]> | undefined;
  const findLogins = (): Promise<RegistryLogin[]> => {
    foundLogins ??= input.logins
      .find(images, ({ problem }) => tracker.logLine(`${problem.message} Base images are pulled without this login.`))
      // a token to pull does not do for a registry that gets a cache
      .then((logins) =>
        logins.map(({ fetchPullToken, ...login }) =>
          fetchPullToken && written.every(({ registry }) => registry !== login.registry)
            ? { ...login, fetchPullToken }
            : login,
        ),
      );
    return foundLogins;
  };
  /** The image is in the store by then, so a failed cleanup does not fail the job. */
  const logCleanup = (error: unknown): void =>
    tracker.logLine(`Could not clean up on node ${node}: ${problemOf(error).message}`);
  const repeated = new RepeatedJob({
    ...{ buildId, prepared, file, containerfile, context, platform, status, engine, contexts: input.contexts },
    holdImage: async (known) => (await input.push?.direct?.find(known)) ?? store.holdImage(known, lease),
    logins: findLogins,
    onLogLine: (text) => tracker.logLine(text),
    signal: signalOrLoss,
  });
  const unchanged = await repeated.findUnchanged();
  if (unchanged) {
    const { image, result } = unchanged;
    tracker.skip(result.buildId);
    if (result.mismatch !== undefined) {
      tracker.setMismatch(result.mismatch);
    }
    if (result.materials) {
      tracker.setMaterials(result.materials);
    }
    if (input.push?.direct?.has(image.digest)) {
      input.push.addPushed(image);
    }
    return { image, left: Promise.resolve() };
  }
  const finding = findLogins();
  finding.catch(() => undefined);
  const secrets = await prepared.secrets.load();
  const proxies = request.proxy ? (prepared.inputs.proxyVariables ?? proxiesOf(process.env)) : {};
  const builder = repeatingPulls(engine.builder, request, (text) => tracker.logLine(text));
  const startedMs = performance.now();
  const work = await nodeWork.begin({ buildId, platform, node, tag });
  const cleaned = nodeWork.cleanUp(node, engine.retention);
  let named: JobContexts | undefined;
  let unneededContexts: readonly string[] = [];
  try {
    const opening = input.contexts.open(platform, connection, (bytes) => tracker.addBytesSent(bytes));
    named = await abortable(signalOrLoss, opening).catch((error: unknown) => {
      opening.then((opened) => opened.close()).catch(() => undefined);
      throw error;
    });
    const build: EngineBuild = {
      id: work.id,
      platform,
      isEmulated: mode === 'emulated',
      tag,
      file: file.name,
      parts: file.parts,
      excludes: context.excludes,
      context: context.source((bytes) => tracker.addBytesSent(bytes)),
      contextKey: () => project.contextKey(context.source()),
      layouts: input.layouts,
      contexts: named.contexts,
      ...engineOptions(request),
      attest: builderAttestations(request, status?.state === 'up' ? status.node : undefined, (text) =>
        tracker.logLine(text),
      ),
      buildArgs: { ...proxyArgs(proxies), ...buildArgs },
      hidden: passwordsOf(proxies),
      format,
      logins: await finding,
      secrets,
      ssh: prepared.secrets.ssh,
      instructions,
      discardCache: request.retention === 'nothing',
      outputReady: () => tracker.log.drained,
    };
    const onOutput = (output: EngineOutput): void => {
      base.read(output);
      tracker.handleOutput(output);
    };
    const observe = (imageId: string) => {
      const { layers, digests } = tracker;
      return repeated.observe({ imageId, layers, digests });
    };
    let source: ImageSource;
    let used: ReturnType<typeof observe> | undefined;
    if (engine.transfer) {
      const result = await buildHidingSecrets(builder, build, onOutput, signalOrLoss);
      const { imageId } = result;
      unneededContexts = result.unneeded ?? [];
      // what the node has is read before the retention changes it
      used = observe(imageId);
      const { layers, ownLayers } = tracker;
      built = { platform, node, tag, reference: request.reference, imageId, layers, ownLayers };
      replaced = replaceCache(built, project)
        .then((images) => nodeWork.removeDuring(work, engine.retention, images))
        .catch((error: unknown) => logCleanup(error));
      tracker.enterPhase('transferring');
      source = keptImage(engine.transfer, tag, result, format, signalOrLoss);
    } else {
      source = deliveredImage(
        ({ report, ...options }) => buildHidingSecrets(builder, { ...build, ...options }, report, signalOrLoss),
        build,
        onOutput,
      );
    }
    const names = imageNames(imageInput);
    const materials = findMaterials({ engine, tracker, names, contexts: input.contexts, signal: signalOrLoss });
    // podman writes v7 into an image for ARMv6 or ARMv5 that is built from scratch (4.3.1 and 5.4.2)
    const anyVariant = base.isScratch;
    const onLogLine = (text: string): void => tracker.logLine(text);
    const common = { connection, source, platform, anyVariant, onLogLine, signal: signalOrLoss };
    const pushed = await pushDirectly({ ...common, push: input.push, name: tag });
    if (pushed) {
      tracker.setTransferMethod('direct');
    }
    const arrived =
      pushed?.image ??
      (await transferImage({
        ...common,
        store,
        receiver,
        portForwards,
        lease,
        tag: tag.slice(tag.lastIndexOf(':') + 1),
        format,
        repository: `barnraiser/${project.id}`,
        offer: named.offer,
        onBytes: (bytes) => tracker.addBytesReceived(bytes),
        onBlob: (blob) => {
          input.onBlob(blob);
          readAhead(blob, store, signal);
        },
        onMethod: (method) => tracker.setTransferMethod(method),
      }));
    tracker.setMaterials(await materials);
    const mismatch = await checkPlatform({
      store,
      image: arrived,
      ...(pushed ? { pushed: pushed.config } : {}),
      base,
      onLogLine,
      // the image has left its node, so it is not built again if the node is lost now
      signal,
    });
    if (mismatch && !request.allowPlatformMismatch) {
      throw mismatch;
    }
    if (mismatch) {
      tracker.setMismatch(mismatch.problem.message);
    }
    const image = await annotateImage(arrived, {
      annotations: request.annotations,
      ...{ store, lease, onLogLine },
      direct: input.push?.direct,
    });
    const ms = Math.round(performance.now() - startedMs);
    const leave = async (): Promise<void> => {
      const imageId = built?.imageId ?? image.config.digest;
      const remember = async (): Promise<void> =>
        repeated.remember(
          { image, imageId, job: { ...tracker.state, steps: tracker.steps } },
          await (used ?? observe(imageId)),
        );
      await replaced;
      // at once, so that they are written together
      await Promise.allSettled([
        ...(hasWorked(tracker)
          ? [rememberTime({ prepared, tracker, ms }), rememberSpace(project, context, image)]
          : []),
        remember(),
      ]);
      const { retention } = engine;
      try {
        const unneeded = retention && built ? await applyRetention(retention, built, request.retention, project) : [];
        await nodeWork.end(work, retention, [...unneeded, ...unneededContexts]);
      } catch (error) {
        logCleanup(error);
        nodeWork.leave(work);
      }
      await cleaned;
    };
    return { image, left: leave() };
  } catch (error) {
    const { retention } = engine;
    await replaced;
    if (signal.aborted && problemOf(signal.reason).code === 'node.slow' && hasWorked(tracker)) {
      // it takes at least so long, which the next schedule should know
      const ms = Math.round(performance.now() - startedMs);
      await rememberTime({ prepared, tracker, ms }).catch(() => undefined);
    }
    if (retention && transport.lost.aborted) {
      nodeWork.leave(work);
    } else {
      const { layers, ownLayers } = tracker;
      const failed = { image: built, tag, platform, node, layers, ownLayers, retention: request.retention };
      await (retention ? cleanUpFailed(retention, failed, project) : Promise.resolve([]))
        .then((unneeded) => nodeWork.end(work, retention, unneeded))
        .catch(() => nodeWork.leave(work));
    }
    await cleaned;
    throw signal.aborted ? signal.reason : transport.lost.aborted ? transport.lost.reason : error;
  } finally {
    named?.close();
    for (const { value } of secrets) {
      value.fill(0);
    }
  }
}

/** What the builder of a node is asked to attest. Where it makes no attestations, ours are made of the image. */
function builderAttestations(
  { attest = [] }: BuildRequest,
  node: Node | undefined,
  log: (text: string) => void,
): BuildRequest['attest'] {
  if (attest.length === 0 || (node && makesAttestations(node))) {
    return attest;
  }
  log(`${node ? engineText(node) : 'The engine'} makes no attestations: Barnraiser makes its own.`);
  return undefined;
}

/** The options that engines get as they are. The others are resolved for each node and platform. */
function engineOptions({ buildArgs, labels, noCache, pull, ...request }: BuildRequest) {
  const { file: _file, files: _files, filesFor: _for, sources: _sources, ...options } = optionsOf(request);
  const { contexts: _contexts, secrets: _secrets, ssh: _ssh, ...others } = options;
  return { ...others, buildArgs, labels, noCache, pull };
}

/** What the build took, by which the next one knows whether a node has room for it. */
async function rememberSpace(project: ProjectMemory, context: PackedContext, { size }: ReceivedImage): Promise<void> {
  const { tarBytes, bytes } = await context.done;
  await project.setSpace({ contextBytes: tarBytes ?? bytes, imageBytes: size });
}

/** Remembers how long a job took and what it transferred, for the estimates of later builds. */
async function rememberTime({
  prepared: { project, schedule, links, load = {} },
  tracker: { state, steps, transferMs },
  ms,
}: {
  readonly prepared: PreparedBuild;
  readonly tracker: AttemptTracker;
  readonly ms: number;
}): Promise<void> {
  const { platform, node, mode, bytesSent: sentBytes, bytesReceived: receivedBytes } = state;
  const work = steps.filter(({ name }) => isWork(name));
  const onNode = schedule.assignments.filter((assignment) => assignment.node === node).length;
  links?.add(node, {
    up: { bytes: sentBytes, ms: transferMs.context },
    down: { bytes: receivedBytes, ms: transferMs.transferring },
  });
  await project.addTime({
    platform,
    node,
    mode,
    ms,
    at: new Date().toISOString(),
    steps: work.length,
    cachedSteps: work.filter(({ cached }) => cached).length,
    sentBytes,
    receivedBytes,
    transferMs: Math.min(ms, Math.round(transferMs.context + transferMs.transferring)),
    alongside: Math.max(0, Math.min(onNode, load[node]?.slots ?? onNode) - 1),
  });
}

/** Whether a job ran steps. One that found all of them in the cache says nothing about the time that they take. */
function hasWorked({ steps }: Pick<Job, 'steps'>): boolean {
  return steps.some(({ cached, name }) => !cached && isWork(name));
}

function isWork(step: string): boolean {
  return /^\s*(?:RUN|COPY|ADD)\s/i.test(step);
}

/** The platforms whose images have programs for another one. */
export function mismatchedPlatforms(jobs: readonly Job[]): Platform[] {
  return jobs.filter(({ mismatch }) => mismatch !== undefined).map(({ platform }) => platform);
}
