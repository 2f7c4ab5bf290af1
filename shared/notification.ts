import type { Build } from './build.ts';
import type { AppEvent } from './contract.ts';
import { formatCount, formatDuration, formatList } from './format.ts';
import type { Push } from './push.ts';
import { type Question, questionSourceName } from './question.ts';
import { buildRoute, imageRoute } from './routes.ts';

/** What a front end tells a person who looks elsewhere. */
export interface AppNotification {
  readonly title: string;
  readonly body: string;
  /** Opened by a click on the notification. */
  readonly route?: string;
}

/** The notification for an event, or undefined if the event needs no attention. Cancellations need none. */
export function notificationFor(event: AppEvent): AppNotification | undefined {
  switch (event.event) {
    case 'build.finished':
      return buildNotification(event.build);
    case 'push.finished':
      // the notification of a build says what became of its push, too
      return event.push.buildId === undefined ? pushNotification(event.push) : undefined;
    case 'question.asked':
      return questionNotification(event.question);
    default:
      return undefined;
  }
}

function questionNotification(question: Question): AppNotification {
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

function buildNotification({
  id,
  status,
  reference,
  jobs,
  durationMs,
  problem,
  push,
}: Build): AppNotification | undefined {
  const route = buildRoute(id);
  switch (status) {
    case 'done': {
      const took = durationMs === undefined ? '' : ` in ${formatDuration(durationMs)}`;
      if (push?.status === 'failed') {
        return { title: `Built ${reference}, but could not push it`, body: push.problem?.message ?? '', route };
      }
      const pushed = push?.status === 'done' ? ` Pushed to ${push.destination}.` : '';
      return { title: `Built ${reference}`, body: `${formatCount(jobs.length, 'platform')}${took}.${pushed}`, route };
    }
    case 'failed': {
      const failed = jobs.filter((job) => job.status === 'failed');
      const platforms = failed.length === 0 ? '' : ` on ${formatList(failed.map(({ platform }) => platform))}`;
      const body = failed[0]?.problem?.message ?? problem?.message ?? '';
      return { title: `Building ${reference} failed${platforms}`, body, route };
    }
    default:
      return undefined;
  }
}

function pushNotification({ status, reference, destination, problem }: Push): AppNotification | undefined {
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
