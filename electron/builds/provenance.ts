/** How an image was made, as SLSA provenance. Source: SLSA v1.0, "Provenance". */
import { createHash } from 'node:crypto';
import type { Build, BuildRequest, Job } from '../../shared/build.ts';
import { isChanged, optionRow, optionsOf, requestOptionNames } from '../../shared/build-options.ts';
import { withoutLogin } from '../../shared/git-url.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { GitFacts } from '../projects/git-facts.ts';
import { version } from '../system/version.ts';
import type { PreparedBuild } from './prepare-build.ts';

/** What its external parameters mean is in docs/attestations.md. */
const buildType = 'https://barnraiser.dev/build/v1';
const builderId = 'https://barnraiser.dev/builder';

export interface ProvenanceInput {
  readonly build: Build;
  readonly job: Job;
  readonly prepared: Pick<PreparedBuild, 'containerfile' | 'containerfilesFor' | 'source' | 'nodes'>;
  /** Of the folder that the project is in. */
  readonly git: GitFacts | undefined;
}

interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** The predicate of the statement about the image of a job that is done. */
export function provenanceOf({ build, job, prepared, git }: ProvenanceInput): object {
  const { request, context } = build;
  const file = prepared.containerfilesFor.get(job.platform) ?? prepared.containerfile;
  const source = sourceOf(prepared, git);
  const contextDigest = context && { sha256: context.digest.replace(/^sha256:/, '') };
  return {
    buildDefinition: {
      buildType,
      externalParameters: {
        reference: build.reference,
        platform: job.platform,
        ...(source ? { source } : {}),
        ...(contextDigest ? { context: { digest: contextDigest } } : {}),
        containerfile: { path: file.name, digest: { sha256: createHash('sha256').update(file.content).digest('hex') } },
        options: publicOptions(request),
      },
      internalParameters: {
        ...nodeOf(job, prepared.nodes),
        isEmulated: job.mode === 'emulated',
        ...(job.skipped ? { isUnchanged: true } : {}),
        ...(job.reusedFrom === undefined ? {} : { reusedFrom: job.reusedFrom }),
      },
      resolvedDependencies: [
        ...(source ? [source] : []),
        ...(contextDigest ? [{ name: 'context', digest: contextDigest }] : []),
        ...Object.entries(job.materials?.bases ?? {}).map(([name, digest]) => baseImage(name, digest, job)),
        ...Object.entries(job.materials?.contexts ?? {}).map(([name, digest]) => ({
          name: `context ${name}`,
          digest: digestSet(digest),
        })),
      ],
    },
    runDetails: {
      builder: { id: builderId, version: { barnraiser: version } },
      metadata: { invocationId: build.id, ...timesOf(build, job) },
    },
  };
}

function sourceOf(
  { source }: Pick<PreparedBuild, 'source'>,
  git: GitFacts | undefined,
): ResourceDescriptor | undefined {
  if (source.isForeign) {
    const { commit } = source;
    return commit === undefined
      ? undefined
      : { name: 'source', uri: gitUri(withoutLogin(source.context)), digest: { gitCommit: commit } };
  }
  return (
    git && {
      name: 'source',
      ...(git.source === undefined ? {} : { uri: gitUri(git.source) }),
      digest: { gitCommit: git.commit },
      annotations: { ...(git.prefix === '' ? {} : { path: git.prefix }), isClean: git.isClean },
    }
  );
}

function gitUri(address: string): string {
  return address.startsWith('git') ? address : `git+${address}`;
}

/** An image by its package URL, as BuildKit writes it. */
function baseImage(name: string, digest: string, { platform }: Job): ResourceDescriptor {
  const [, path = name, tag] = /^(.*?)(?::([\w][\w.-]*))?(?:@.*)?$/.exec(name) ?? [];
  const version = tag === undefined ? '' : `@${tag}`;
  return {
    uri: `pkg:docker/${path}${version}?platform=${encodeURIComponent(platform)}`,
    ...(digest === '' ? {} : { digest: digestSet(digest) }),
  };
}

function digestSet(digest: string): Record<string, string> {
  const [algorithm = '', value] = digest.split(':');
  return value === undefined ? { sha256: digest } : { [algorithm]: value };
}

function nodeOf({ node, platform }: Job, nodes: readonly NodeStatus[]) {
  const status = nodes.find(({ connection }) => connection === node);
  if (status?.state !== 'up') {
    return { node };
  }
  const { engine, builder, version: engineVersion, platform: native } = status.node;
  return {
    node,
    engine: { name: engine, version: engineVersion, ...(builder === undefined ? {} : { builder }) },
    nodePlatform: native,
    platform,
  };
}

/** Times of the job, without milliseconds, as RFC 3339 and SLSA have them. */
function timesOf({ createdAt }: Build, { startedAt = createdAt, durationMs }: Job) {
  const started = new Date(startedAt);
  const text = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    startedOn: text(started),
    finishedOn: text(durationMs === undefined ? new Date() : new Date(started.getTime() + durationMs)),
  };
}

/**
 * What was asked for, without what is not for others: the names of files of this computer, and where secrets come from. Values of
 * secrets are in no request.
 */
function publicOptions(request: BuildRequest): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = optionsOf(request);
  const changed = requestOptionNames.filter((name) => isChanged(name, values[name]));
  return Object.fromEntries(
    changed.flatMap((name) => {
      const { kind } = optionRow(name);
      switch (kind) {
        case 'file':
        case 'mappings':
          return [];
        case 'secrets':
          return [[name, (request.secrets ?? []).map(({ id }) => ({ id }))]];
        case 'ssh':
          return [[name, (request.ssh ?? []).map(({ id }) => ({ id }))]];
        default:
          return hiddenOptions.has(name) ? [] : [[name, values[name]]];
      }
    }),
  );
}

/** They name files and folders of this computer, or how the farm is used. */
const hiddenOptions: ReadonlySet<string> = new Set([
  'files',
  'filesFor',
  'contexts',
  'provenance',
  'sbom',
  'attestInList',
]);
