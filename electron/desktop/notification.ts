import type { Build } from '../../shared/build.ts';
import type { AppEvent, Push } from '../../shared/contract.ts';
import { formatCount, formatDuration, formatList } from '../../shared/format.ts';
import type { Question } from '../../shared/question.ts';
import { buildPlace, imagePlace } from '../routes.ts';

/** What a person who looks elsewhere is told, and the place that shows more of it. */
export interface AppNotification {
  readonly title: string;
  readonly body: string;
  readonly place?: string;
}

/** The note for an event, or undefined where it can wait until the person looks again. Who cancels knows that it ends. */
export function notificationOf(event: AppEvent): AppNotification | undefined {
  switch (event.event) {
    case 'build.finished':
      return noteOfBuild(event.build);
    case 'push.finished':
      return noteOfPush(event.push);
    case 'question.asked':
      return noteOfQuestion(event.question);
    default:
      return undefined;
  }
}

function noteOfQuestion(question: Question): AppNotification {
  const { connection } = question;
  switch (question.kind) {
    case 'host-key':
      return {
        title: `${connection} shows a key that is not known`,
        body: `Decide whether to trust ${question.host}.`,
      };
    case 'proxy-command':
      return { title: `${connection} is reached by a command`, body: `Decide whether to run it for ${question.host}.` };
    case 'passphrase':
      return { title: `${connection} needs a passphrase`, body: `It unlocks the key ${question.path}.` };
    case 'password':
      return { title: `${connection} needs a password`, body: `It is that of ${question.user} on ${question.host}.` };
    case 'prompts':
      return { title: `${connection} asks something`, body: `${question.user} on ${question.host} is to answer.` };
  }
}

function noteOfBuild({ id, status, reference, jobs, durationMs, problem }: Build): AppNotification | undefined {
  const place = buildPlace(id);
  switch (status) {
    case 'done': {
      const took = durationMs === undefined ? '' : ` in ${formatDuration(durationMs)}`;
      return { title: `${reference} is built`, body: `${formatCount(jobs.length, 'platform')}${took}.`, place };
    }
    case 'failed': {
      const failed = jobs.filter((job) => job.status === 'failed');
      const where = failed.length === 0 ? '' : ` on ${formatList(failed.map(({ platform }) => platform))}`;
      const why = failed[0]?.problem?.message ?? problem?.message ?? '';
      return { title: `${reference} failed${where}`, body: why, place };
    }
    default:
      return undefined;
  }
}

function noteOfPush({ status, reference, destination, problem }: Push): AppNotification | undefined {
  const place = imagePlace(reference);
  switch (status) {
    case 'done':
      return { title: `${reference} is pushed`, body: `It is at ${destination}.`, place };
    case 'failed':
      return { title: `${reference} could not be pushed`, body: problem?.message ?? '', place };
    default:
      return undefined;
  }
}
