import type { Build } from './build.ts';
import type { AppEvent, EventPayload } from './contract.ts';
import { formatCount, formatDuration, formatList, pluralText } from './format.ts';
import type { NodeAlert } from './node-alert.ts';
import type { NotificationKind } from './notification-kind.ts';
import type { Push } from './push.ts';
import { type Question, questionSourceName } from './question.ts';
import { buildRoute, buildsRoute, connectionRoute, imageRoute, rebuildRoute, schedulesRoute } from './routes.ts';
import type { TimerRun } from './timer.ts';

/** What a front end tells a person who looks elsewhere. */
export interface AppNotification {
  readonly title: string;
  readonly body: string;
  /** What it is about. */
  readonly kind: NotificationKind;
  /** Opened by a click on the notification. */
  readonly route?: string;
}

/** The notification for an event, or undefined if the event needs no attention. Cancellations need none. */
export function notificationFor(event: AppEvent): AppNotification | undefined {
  switch (event.event) {
    case 'build.finished':
      return withKind('build', buildNotification(event.build));
    case 'push.finished':
      // the notification of a build says what became of its push, too
      return event.push.buildId === undefined ? withKind('build', pushNotification(event.push)) : undefined;
    case 'question.asked':
      return { ...questionNotification(event.question), kind: 'question' };
    case 'node.alert':
      return alertNotification(event.alert);
    case 'bases.newer':
      return { ...baseNotification(event), kind: 'base' };
    case 'timer.finished':
      return withKind('build', timerNotification(event.name, event.run));
    default:
      return undefined;
  }
}

function withKind(
  kind: NotificationKind,
  notification: Omit<AppNotification, 'kind'> | undefined,
): AppNotification | undefined {
  return notification && { ...notification, kind };
}

/** A sentence has no more names of nodes than this. */
const maxNames = 5;

function alertNotification({ kind, nodes }: NodeAlert): AppNotification {
  const [first = ''] = nodes;
  const isOne = nodes.length === 1;
  const names =
    nodes.length > maxNames
      ? `${nodes.slice(0, maxNames).join(', ')} and ${nodes.length - maxNames} more`
      : formatList(nodes);
  const route = connectionRoute(isOne ? first : undefined);
  const body = (text: string): string => (isOne ? text : `${names}. ${text}`);
  switch (kind) {
    case 'down':
      return {
        title: isOne ? `Node ${first} is down` : formatCount(nodes.length, 'node is down', 'nodes are down'),
        body: isOne ? 'Its jobs go to other nodes.' : `${names}. Their jobs go to other nodes.`,
        kind: 'node',
        route,
      };
    case 'back':
      return {
        title: isOne ? `Node ${first} is back` : formatCount(nodes.length, 'node is back', 'nodes are back'),
        body: isOne ? 'Builds use it again.' : `${names}. Builds use them again.`,
        kind: 'node',
        route,
      };
    case 'disk-low':
      return {
        title: isOne
          ? `Node ${first} has little free disk space`
          : formatCount(nodes.length, 'node has little free disk space', 'nodes have little free disk space'),
        body: body('Free disk space before the next build.'),
        kind: 'disk',
        route,
      };
    case 'set-aside':
      return {
        title: isOne
          ? `Node ${first} gets no jobs for a while`
          : formatCount(nodes.length, 'node gets no jobs for a while', 'nodes get no jobs for a while'),
        body: body('Jobs have failed there again and again.'),
        kind: 'set-aside',
        route,
      };
  }
}

function questionNotification(question: Question): Omit<AppNotification, 'kind'> {
  const source = questionSourceName(question);
  switch (question.kind) {
    case 'host-key':
      return {
        title: `${source} has an unknown host key`,
        body: `Decide whether to trust ${question.host}.`,
      };
    case 'proxy-command':
      return { title: `${source} connects through a command`, body: `Decide whether to run it for ${question.host}.` };
    case 'passphrase':
      return { title: `${source} needs a passphrase`, body: `Enter the passphrase for ${question.path}.` };
    case 'secret':
      return { title: `The build of ${source} needs a secret`, body: `Type the secret ${question.secret}.` };
    case 'password':
      return {
        title: `${source} needs a password`,
        body: `Enter the password of ${question.user} on ${question.host}.`,
      };
    case 'prompts':
      return { title: `${source} needs an answer`, body: `Sign in as ${question.user} on ${question.host}.` };
  }
}

function baseNotification({ names, references, builds }: EventPayload<'bases.newer'>): Omit<AppNotification, 'kind'> {
  const [first = ''] = names;
  const [only] = references;
  const built = references.length === 1 && only ? only : formatCount(references.length, 'image');
  return {
    title:
      names.length === 1
        ? `There is a newer ${first}`
        : pluralText(
            names.length,
            `There is ${names.length} newer base image`,
            `There are ${names.length} newer base images`,
          ),
    body: pluralText(names.length, `Build ${built} again to use it.`, `Build ${built} again to use them.`),
    route: builds.length === 1 && builds[0] ? rebuildRoute(builds[0]) : buildsRoute,
  };
}

/** A build that a schedule has started has a notification of its own. This is for one that could not be started. */
function timerNotification(
  name: string,
  { status, build, problem }: TimerRun,
): Omit<AppNotification, 'kind'> | undefined {
  return status === 'failed' && build === undefined
    ? { title: `The schedule ${name} failed`, body: problem?.message ?? '', route: schedulesRoute }
    : undefined;
}

function buildNotification({
  id,
  status,
  reference,
  jobs,
  missing = [],
  durationMs,
  problem,
  push,
  request: { trigger },
}: Build): Omit<AppNotification, 'kind'> | undefined {
  const route = buildRoute(id);
  const scheduled = trigger?.kind === 'timer' ? ` (${trigger.name})` : '';
  switch (status) {
    case 'done': {
      // who watches a project changes it now, and hears only of what went wrong
      if (trigger?.kind === 'watch' && push?.status !== 'failed') {
        return undefined;
      }
      const took = durationMs === undefined ? '' : ` in ${formatDuration(durationMs)}`;
      if (push?.status === 'failed') {
        return { title: `Built ${reference}, but could not push it`, body: push.problem?.message ?? '', route };
      }
      const pushed = push?.status === 'done' ? ` Pushed to ${push.destination}.` : '';
      const built = formatCount(jobs.filter((job) => job.status === 'done').length, 'platform');
      const without = missing.length === 0 ? '' : ` without ${formatList(missing)} (optional)`;
      return { title: `Built ${reference}`, body: `${built}${without}${took}.${pushed}`, route };
    }
    case 'failed': {
      const failed = jobs.filter((job) => job.status === 'failed');
      const platforms = failed.length === 0 ? '' : ` on ${formatList(failed.map(({ platform }) => platform))}`;
      const body = failed[0]?.problem?.message ?? problem?.message ?? '';
      return { title: `Building ${reference}${scheduled} failed${platforms}`, body, route };
    }
    case 'interrupted':
      return { title: `Building ${reference} was interrupted`, body: 'Resume it to keep what is finished.', route };
    default:
      return undefined;
  }
}

function pushNotification({
  status,
  reference,
  destination,
  problem,
}: Push): Omit<AppNotification, 'kind'> | undefined {
  const route = imageRoute(reference);
  switch (status) {
    case 'done':
      return { title: `Pushed ${reference}`, body: `Destination: ${destination}`, route };
    case 'failed':
      return { title: `Could not push ${reference}`, body: problem?.message ?? '', route };
    default:
      return undefined;
  }
}
