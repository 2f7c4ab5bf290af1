import type { Push } from '../../shared/contract.ts';
import { formatBytes, formatCount } from '../../shared/format.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { askPassword } from './ask.ts';
import type { Command, Password } from './command.ts';
import { isTerminal } from './paint.ts';
import type { TerminalFrontEnd } from './terminal.ts';

/** Back to the start of the line, and what stands there goes. */
const eraseLine = '\r\u001b[K';

type PushCommand = Extract<Command, { kind: 'push' }>;

/** Pushes a list with all its images and says how far it is. */
export async function runPush(door: TerminalFrontEnd, command: PushCommand): Promise<number> {
  const { reference, destination, tlsVerify } = command;
  const { json, errors } = door.options;
  const showsProgress = !json && isTerminal(errors);
  const credentials = command.credentials && {
    username: command.credentials.username,
    password: await passwordOf(door, command.credentials.password),
  };
  const { push } = await door.follow('push.finished', {
    start: async () => {
      const where = destination === undefined ? {} : { destination };
      const started = await door.call('pushes.start', { reference, tlsVerify, ...where, credentials });
      return started.id;
    },
    cancel: 'pushes.cancel',
    onEvent: (event) => {
      if (json && (event.event === 'push.progress' || event.event === 'push.finished')) {
        door.print(JSON.stringify(event));
      }
      if (showsProgress && event.event === 'push.progress') {
        errors.write(`${eraseLine}${progressLine(event.push)}`);
      }
    },
  });
  if (showsProgress) {
    errors.write(eraseLine);
  }
  if (push.problem && push.status === 'failed') {
    throw new Failure(push.problem);
  }
  if (!json && push.status === 'done') {
    const { uploadedBytes, skippedBytes, images, digest = '' } = push;
    const sent = `${formatBytes(uploadedBytes)} sent, ${formatBytes(skippedBytes)} were there`;
    door.print(`Pushed ${push.destination} (${formatCount(images.length, 'image')}; ${sent})`, digest);
  }
  return push.status === 'done' ? 0 : 130;
}

function progressLine({ totalBytes, uploadedBytes, skippedBytes, destination }: Push): string {
  return `${destination}: ${formatBytes(uploadedBytes + skippedBytes)} of ${formatBytes(totalBytes)}`;
}

async function passwordOf(door: TerminalFrontEnd, password: Password): Promise<string> {
  const { input, errors } = door.options;
  switch (password.from) {
    case 'argument':
      return password.text;
    case 'input': {
      let text = '';
      for await (const chunk of input) {
        text += String(chunk);
      }
      return text.split(/\r?\n/)[0] ?? '';
    }
    case 'prompt': {
      const asked = await askPassword('Password: ', { input, output: errors });
      if (asked === undefined) {
        throw fail(
          'input.invalid',
          'No password was given.',
          'Give it with --creds USER:PASSWORD or --password-stdin.',
        );
      }
      return asked;
    }
  }
}
