import { setTimeout as delay } from 'node:timers/promises';
import { formatCount, formatList } from '../../../shared/format.ts';
import { registryPrefix } from '../../../shared/image-location.ts';
import { lostPlatforms, lostText } from '../../../shared/lost-platforms.ts';
import { Failure, fail } from '../../../shared/problem.ts';
import type { Credentials, Push } from '../../../shared/push.ts';
import type { Command, PasswordSource, PushCredentials } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { mergeNotes, pushedLine, pushedShare } from '../output/push-lines.ts';
import { askPassword } from '../prompt.ts';

/** Moves the cursor to the start of the line and erases the line. */
const eraseLine = '\r\u001b[K';

type PushCommand = Extract<Command, { kind: 'push' }>;

/**
 * Pushes a manifest list with all its images, to one or several destinations. Shows the progress on a terminal.
 * @returns 1 if a destination has failed
 */
export async function pushImage(frontEnd: TerminalFrontEnd, command: PushCommand): Promise<number> {
  const { reference, destinations, incomplete, merge, tlsVerify, compression } = command;
  const { json, errors } = frontEnd.options;
  const showProgress = frontEnd.draws(errors);
  const credentials = await readCredentials(frontEnd, command.credentials);
  if (incomplete) {
    await storeIncomplete(frontEnd, reference);
  }
  if (!merge && !json) {
    await warnOfLoss(frontEnd, command, credentials);
  }
  let starting: Promise<Push[]> | undefined;
  const startAll = (): Promise<Push[]> => {
    starting ??= frontEnd.start('pushes.startAll', {
      ...{ reference, destinations: [...destinations], tlsVerify, incomplete, credentials },
      ...(merge ? { merge } : {}),
      ...(compression ? { compression } : {}),
    });
    return starting;
  };
  const running = new Map<number, Push>();
  const follow = (index: number) =>
    frontEnd.follow('push.finished', {
      start: async () => (await startAll())[index]?.id ?? '',
      cancel: 'pushes.cancel',
      onEvent: (event) => {
        if (json && (event.event === 'push.progress' || event.event === 'push.finished')) {
          frontEnd.printJson(event);
        }
        if (showProgress && event.event === 'push.progress') {
          running.set(index, event.push);
          errors.write(`${eraseLine}${progressLine([...running.values()])}`);
        }
      },
    });
  // all listen before the first one is started
  const ended = await Promise.all((destinations.length === 0 ? [reference] : destinations).map((_, at) => follow(at)));
  if (showProgress) {
    errors.write(eraseLine);
  }
  return report(
    frontEnd,
    ended.map(({ push }) => push),
  );
}

/** The lists of the destinations are looked up for so long, in milliseconds: the push itself says what is wrong with a registry. */
const lookUpMs = 5_000;

/** Says which platforms the lists in registries have that the push would replace without them. Nothing if they cannot be read. */
async function warnOfLoss(
  frontEnd: TerminalFrontEnd,
  { reference, destinations, tlsVerify }: PushCommand,
  credentials: Credentials | undefined,
): Promise<void> {
  const list = (await frontEnd.call('images.list', {})).find((each) => each.reference === reference);
  const lookUp = async (destination: string): Promise<void> => {
    const input = { image: `${registryPrefix}${destination}`, tlsVerify, ...(credentials ? { credentials } : {}) };
    const remote = await frontEnd.call('lists.inspect', input).catch(() => undefined);
    const lost = remote && list ? lostPlatforms(remote, list) : [];
    if (lost.length > 0) {
      frontEnd.printNotes(`${destination}: ${lostText(lost)} To keep it there, push with --merge.`);
    }
  };
  const all = Promise.all((destinations.length === 0 ? [reference] : destinations).map(lookUp));
  await Promise.race([all, delay(lookUpMs, undefined, { ref: false })]);
}

function report(frontEnd: TerminalFrontEnd, pushes: readonly Push[]): number {
  const { json } = frontEnd.options;
  const [only] = pushes;
  if (pushes.length === 1 && only?.problem && only.status === 'failed') {
    throw new Failure(only.problem);
  }
  for (const push of pushes) {
    if (!json && push.status === 'done') {
      frontEnd.print(pushedLine(push), push.digest ?? '');
      frontEnd.printNotes(...mergeNotes(push));
    }
    if (push.leftOut) {
      frontEnd.printNotes(
        `${formatCount(push.leftOut, 'attachment')} left out: what describes the image as it is in local storage does not describe one with another compression.`,
      );
    }
    if (push.problem && push.status === 'failed') {
      frontEnd.printNotes(`Not pushed to ${push.destination}:`);
      frontEnd.reportProblem(push.problem);
    }
  }
  const failed = pushes.filter(({ status }) => status === 'failed').length;
  if (failed > 0) {
    frontEnd.printNotes(`${failed} of ${formatCount(pushes.length, 'destination')} failed.`);
    return 1;
  }
  return pushes.every(({ status }) => status === 'done') ? 0 : 130;
}

/** Stores the finished images of the newest build of a reference, if that build is incomplete. */
async function storeIncomplete(frontEnd: TerminalFrontEnd, reference: string): Promise<void> {
  const { entries } = await frontEnd.call('builds.list', { filter: { text: reference }, limit: 100 });
  const newest = entries.find((entry) => entry.reference === reference);
  if (!newest || !['failed', 'cancelled', 'interrupted'].includes(newest.status)) {
    return;
  }
  const stored = await frontEnd.call('images.list', {});
  const { list } = await frontEnd.call('builds.storeIncomplete', { id: newest.id });
  if (!list) {
    return;
  }
  const missing = list.missing ?? [];
  const replaced = stored.find((each) => each.reference === reference && each.digest !== list.digest);
  const lost = missing.filter((platform) => replaced?.entries.some((entry) => entry.platform === platform));
  frontEnd.printNotes(
    `Stored ${reference} without ${formatList(missing)}.`,
    ...(lost.length > 0 ? [`It replaces an image that had ${formatList(lost)}.`] : []),
  );
}

function progressLine(pushes: readonly Push[]): string {
  return pushes.map((push) => `${push.destination}: ${pushedShare(push)}`).join('  ');
}

/** @throws Failure `input.invalid`, and the abort reason of `interrupted` */
export async function readCredentials(
  frontEnd: TerminalFrontEnd,
  credentials: PushCredentials | undefined,
): Promise<Credentials | undefined> {
  return credentials && { ...credentials, password: await readPassword(frontEnd, credentials.password) };
}

export async function readPassword(frontEnd: TerminalFrontEnd, source: PasswordSource): Promise<string> {
  const { input, errors } = frontEnd.options;
  switch (source.from) {
    case 'argument':
      return source.text;
    case 'input':
      return (await frontEnd.readInput()).split(/\r?\n/)[0] ?? '';
    case 'prompt': {
      const typed = await askPassword('Password: ', { input, output: errors });
      if (typed === undefined) {
        throw fail(
          'input.invalid',
          'No password was entered.',
          'Enter it at the prompt, or use --creds USER:PASSWORD or --password-stdin.',
        );
      }
      return typed;
    }
  }
}
