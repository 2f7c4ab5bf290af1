import { formatList } from '../../../shared/format.ts';
import { Failure, fail } from '../../../shared/problem.ts';
import type { Credentials, Push } from '../../../shared/push.ts';
import type { Command, PasswordSource, PushCredentials } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { isTerminal } from '../output/paint.ts';
import { pushedLine, pushedShare } from '../output/push-lines.ts';
import { askPassword } from '../prompt.ts';

/** Moves the cursor to the start of the line and erases the line. */
const eraseLine = '\r\u001b[K';

type PushCommand = Extract<Command, { kind: 'push' }>;

/** Pushes a manifest list with all its images. Shows the progress on a terminal. */
export async function pushImage(frontEnd: TerminalFrontEnd, command: PushCommand): Promise<number> {
  const { reference, destination, incomplete, tlsVerify } = command;
  const { json, errors } = frontEnd.options;
  const showProgress = !json && isTerminal(errors);
  const credentials = await readCredentials(frontEnd, command.credentials);
  if (incomplete) {
    await storeIncomplete(frontEnd, reference);
  }
  const { push } = await frontEnd.follow('push.finished', {
    start: async () => {
      const { id } = await frontEnd.start('pushes.start', {
        reference,
        tlsVerify,
        incomplete,
        ...(destination === undefined ? {} : { destination }),
        credentials,
      });
      return id;
    },
    cancel: 'pushes.cancel',
    onEvent: (event) => {
      if (json && (event.event === 'push.progress' || event.event === 'push.finished')) {
        frontEnd.printJson(event);
      }
      if (showProgress && event.event === 'push.progress') {
        errors.write(`${eraseLine}${progressLine(event.push)}`);
      }
    },
  });
  if (showProgress) {
    errors.write(eraseLine);
  }
  if (push.problem && push.status === 'failed') {
    throw new Failure(push.problem);
  }
  if (!json && push.status === 'done') {
    frontEnd.print(pushedLine(push), push.digest ?? '');
  }
  return push.status === 'done' ? 0 : 130;
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

function progressLine(push: Push): string {
  return `${push.destination}: ${pushedShare(push)}`;
}

/** @throws Failure `input.invalid`, and the abort reason of `interrupted` */
export async function readCredentials(
  frontEnd: TerminalFrontEnd,
  credentials: PushCredentials | undefined,
): Promise<Credentials | undefined> {
  return credentials && { ...credentials, password: await readPassword(frontEnd, credentials.password) };
}

async function readPassword(frontEnd: TerminalFrontEnd, source: PasswordSource): Promise<string> {
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
