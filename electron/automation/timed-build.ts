import type { Build, BuildRequest } from '../../shared/build.ts';
import { isGitUrl, withoutLogin } from '../../shared/git-url.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { TaskOf } from '../../shared/timer.ts';
import type { Builds } from '../builds/builds.ts';
import type { BaseImageWatch } from '../monitoring/base-images.ts';
import { checkPush } from '../registry/check-push.ts';
import type { CredentialSource } from '../registry/credential-source.ts';
import { parseDestination } from '../registry/pushes.ts';
import { type ContextSources, standardInputContext } from '../sources/context-sources.ts';
import { fingerprintOf, takeSnapshot } from './project-snapshot.ts';
import type { TaskContext, TaskHandling, TaskOutcome } from './timers.ts';

export interface TimedBuildsOptions {
  readonly builds: Builds;
  readonly sources: ContextSources;
  readonly bases: Pick<BaseImageWatch, 'hasNewer'>;
  /** Where logins are searched. */
  readonly registries: { source(): CredentialSource };
}

/** Builds that timers start, when no person is there to type anything. */
export class TimedBuilds implements TaskHandling<TaskOf<'build'>> {
  readonly #options: TimedBuildsOptions;

  constructor(options: TimedBuildsOptions) {
    this.#options = options;
  }

  /** @throws Failure `timer.secret`, `source.input`, `context.*`, `reference.*` */
  async check({ request }: TaskOf<'build'>, signal: AbortSignal): Promise<void> {
    assertUnattended(request);
    if (request.push) {
      await assertLogin(request, this.#options.registries.source(), signal);
    }
  }

  async run({ request, onlyIfChanged, onlyIfBaseNewer }: TaskOf<'build'>, context: TaskContext): Promise<TaskOutcome> {
    const { builds, sources, bases } = this.#options;
    const { timer, signal, onBuild } = context;
    const fingerprint = onlyIfChanged ? fingerprintOf(await takeSnapshot(request, sources, { signal })) : undefined;
    const isChanged = onlyIfChanged ? fingerprint !== context.fingerprint : !onlyIfBaseNewer;
    const isBaseNewer = (onlyIfBaseNewer ?? false) && (await bases.hasNewer(request.reference, signal));
    if (!isChanged && !isBaseNewer) {
      return { status: 'unchanged' };
    }
    // nodes would use the base image that they have
    const pull = isBaseNewer && request.pull === 'missing' ? { pull: 'newer' as const } : {};
    const { id } = await builds.start({ ...request, ...pull, trigger: { kind: 'timer', name: timer } }, {}, signal);
    onBuild(id);
    const build = await endOf(builds, id, signal);
    const outcome = outcomeOf(build);
    return outcome.status === 'done' ? { ...outcome, fingerprint } : outcome;
  }
}

/** Waits for the end of a build, which the signal cancels. */
export async function endOf(builds: Builds, id: string, signal: AbortSignal): Promise<Build> {
  const cancel = (): void => void builds.cancel(id).catch(() => undefined);
  signal.addEventListener('abort', cancel);
  if (signal.aborted) {
    cancel();
  }
  try {
    await builds.ended(id);
    return await builds.get(id);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function outcomeOf({ status, problem, push, furtherPushes = [], jobs }: Build): TaskOutcome {
  const failed = problem ?? jobs.find((job) => job.problem)?.problem;
  const failedPush = [push, ...furtherPushes].find((each) => each?.status === 'failed');
  if (status === 'done' && failedPush) {
    return { status: 'failed', ...(failedPush.problem ? { problem: failedPush.problem } : {}) };
  }
  return status === 'done' || status === 'cancelled'
    ? { status }
    : { status: 'failed', ...(failed ? { problem: failed } : {}) };
}

/** @throws Failure `timer.secret`, `source.input` for a build that needs a person or what is kept nowhere */
function assertUnattended({ context, secrets = [] }: BuildRequest): void {
  if (context === standardInputContext) {
    throw fail(
      'source.input',
      'Standard input cannot be built later.',
      'Schedule the build of a folder, an archive or a git repository.',
    );
  }
  if (isGitUrl(context) && withoutLogin(context) !== context) {
    throw fail(
      'timer.secret',
      `The URL of ${withoutLogin(context)} has a login, and schedules keep no secrets.`,
      'Leave it out, and let a credential helper of git or an SSH key sign in.',
    );
  }
  const typed = secrets.find(({ source }) => source.kind === 'typed');
  if (typed) {
    throw fail(
      'timer.secret',
      `The secret ${typed.id} is typed for each build, and a schedule has no person who types it.`,
      'Keep it in a file that only you can read, and use that.',
    );
  }
}

/** How long a registry may take to answer. It is asked again when the image is pushed. */
const loginTimeoutMs = 10_000;

/** @throws Failure `timer.secret` if the registry asks for a login that is not saved; `reference.*` */
async function assertLogin(
  { reference, push }: BuildRequest,
  credentials: CredentialSource,
  signal: AbortSignal,
): Promise<void> {
  const { registry = '', repository } = parseDestination(reference, push?.destination);
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(loginTimeoutMs)]);
  try {
    await checkPush({ registry, repository, tlsVerify: push?.tlsVerify ?? true }, credentials, timeout);
  } catch (error) {
    if (error instanceof Failure && ['registry.authentication', 'registry.denied'].includes(error.problem.code)) {
      throw fail(
        'timer.secret',
        `No saved login may push to ${registry}/${repository}, and schedules keep no passwords.`,
        `Sign in to ${registry} once.`,
        error.problem.message,
        error,
      ).offering({ id: 'sign-in', registry });
    }
    signal.throwIfAborted();
    // a registry that does not answer now may answer then
  }
}
