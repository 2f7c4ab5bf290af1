import {
  type Connection,
  type Destination,
  invalidName,
  isName,
  parseDestination,
} from '../../../shared/connection.ts';
import { freeName } from '../../../shared/free-name.ts';

/** The values of the connection form. */
export interface ConnectionDraft {
  readonly name: string;
  readonly uri: string;
  readonly identity: string;
}

export interface ConnectionDraftErrors {
  readonly name?: string;
  readonly uri?: string;
}

export const emptyDraft: ConnectionDraft = { name: '', uri: '', identity: '' };

export function toDraft({ name, uri, identity = '' }: Connection): ConnectionDraft {
  return { name, uri, identity };
}

/** @returns one sentence for each invalid field. @param takenNames the names of all other connections */
export function validateDraft({ name, uri }: ConnectionDraft, takenNames: readonly string[]): ConnectionDraftErrors {
  const destination = uri.trim() === '' ? 'Enter a URI.' : parseDestination(uri.trim());
  const nameError =
    name.trim() === ''
      ? 'Enter a name.'
      : !isName(name.trim())
        ? invalidName
        : takenNames.includes(name.trim())
          ? `A connection named ${name.trim()} already exists.`
          : undefined;
  return {
    ...(nameError === undefined ? {} : { name: nameError }),
    ...(typeof destination === 'string' ? { uri: destination } : {}),
  };
}

/** True while only the part before the host has been typed, when it is too early to show an error. */
export function isIncomplete(uri: string): boolean {
  const text = uri.trim();
  return text !== 'local:' && (/^[a-z]*:?\/{0,2}$/i.test(text) || /^unix:\/\/\/?$/.test(text));
}

/** Suggests a free name for a URI: `pi4` for `ssh://pi@pi4.lan`, `this-computer` for a local engine. */
export function suggestName(uri: string, takenNames: readonly string[]): string {
  const destination = uri.trim() === '' ? '' : parseDestination(uri.trim());
  return typeof destination === 'string' ? '' : freeName(nameFor(destination), (name) => takenNames.includes(name));
}

function nameFor(destination: Destination): string {
  if (destination.kind !== 'ssh') {
    return 'this-computer';
  }
  const { host } = destination;
  // an IP address is used in full, a host name up to its first dot
  const word = /^[\d.]+$|:/.test(host) ? host : (host.split('.')[0] ?? host);
  return word
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 60);
}

/**
 * Describes how a URI was understood: `SSH to pi4.lan, port 2222, as pi. The engine socket is found automatically.` A missing
 * port or user comes from the SSH configuration, else it is 22 or the name of the local user.
 */
export function describeDestination(destination: Destination): string {
  if (destination.kind === 'local') {
    return 'The engine on this computer. Its socket is found automatically. If there is none, podman is started.';
  }
  if (destination.kind === 'unix') {
    return `The socket ${destination.socketPath} on this computer.`;
  }
  const { user, host, port, socketPath } = destination;
  const target = [
    `SSH to ${host}`,
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(user === undefined ? [] : [`as ${user}`]),
    ...(port === undefined || user === undefined ? ['other settings from your SSH configuration'] : []),
  ].join(', ');
  const socket =
    socketPath === undefined ? 'The engine socket is found automatically.' : `Engine socket: ${socketPath}.`;
  return `${target}. ${socket}`;
}
