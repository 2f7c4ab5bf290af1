import { type Connection, type Destination, nameSchema, parseDestination } from '../../../shared/connection.ts';
import { freeName } from '../../../shared/free-name.ts';

/** A connection as it stands in the form. */
export interface Draft {
  readonly name: string;
  readonly uri: string;
  readonly identity: string;
}

export interface DraftErrors {
  readonly name?: string;
  readonly uri?: string;
}

export const emptyDraft: Draft = { name: '', uri: '', identity: '' };

export function draftOf({ name, uri, identity = '' }: Connection): Draft {
  return { name, uri, identity };
}

/** What is wrong with a draft, a sentence a field. `others` are the names that are taken. */
export function errorsOf({ name, uri }: Draft, others: readonly string[]): DraftErrors {
  const parsed = nameSchema.safeParse(name.trim());
  const destination = uri.trim() === '' ? 'Say where the engine is.' : parseDestination(uri.trim());
  const nameError =
    name.trim() === ''
      ? 'Give it a name.'
      : !parsed.success
        ? parsed.error.issues[0]?.message
        : others.includes(name.trim())
          ? `There is a connection ${name.trim()} already.`
          : undefined;
  return {
    ...(nameError === undefined ? {} : { name: nameError }),
    ...(typeof destination === 'string' ? { uri: destination } : {}),
  };
}

/** Is somebody still writing the part before the host? Then it is too early to say what is wrong. */
export function isUnfinished(uri: string): boolean {
  const text = uri.trim();
  return text !== 'local:' && (/^[a-z]*:?\/{0,2}$/i.test(text) || /^unix:\/\/\/?$/.test(text));
}

/** A name for a destination that nobody has: `pi4` for `ssh://pi@pi4.lan`, `this-computer` for what is local. */
export function suggestName(uri: string, taken: readonly string[]): string {
  const destination = uri.trim() === '' ? 'nothing yet' : parseDestination(uri.trim());
  return typeof destination === 'string' ? '' : freeName(wordFor(destination), (name) => taken.includes(name));
}

function wordFor(destination: Destination): string {
  if (destination.kind !== 'ssh') {
    return 'this-computer';
  }
  const { host } = destination;
  // of an address every part counts, of a host name the first
  const word = /^[\d.]+$|:/.test(host) ? host : (host.split('.')[0] ?? host);
  return word
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 60);
}

/**
 * A destination in words, so that a person sees what was understood: `SSH to pi4.lan, port 2222, as pi. The engine’s socket is
 * looked for there.` Port and user that are not given come from the SSH configuration, where it says something, else 22 and who one is.
 */
export function destinationInWords(destination: Destination): string {
  if (destination.kind === 'local') {
    return 'This computer’s engine, wherever it is: its socket is looked for, and podman is started where it has none.';
  }
  if (destination.kind === 'unix') {
    return `The socket ${destination.socketPath} on this computer.`;
  }
  const { user, host, port, socketPath } = destination;
  const way = [
    `SSH to ${host}`,
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(user === undefined ? [] : [`as ${user}`]),
    ...(port === undefined || user === undefined ? ['the rest as your SSH configuration says'] : []),
  ].join(', ');
  const socket = socketPath === undefined ? 'is looked for there' : `is ${socketPath}`;
  return `${way}. The engine’s socket ${socket}.`;
}
