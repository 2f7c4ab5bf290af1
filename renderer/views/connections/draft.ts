import {
  type Connection,
  type ContainerDestination,
  type Destination,
  invalidName,
  isLoopback,
  isName,
  optionsOf,
  parseDestination,
} from '../../../shared/connection.ts';
import { freeName } from '../../../shared/free-name.ts';
import { maxRank, maxSlots } from '../../../shared/node-preferences.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';

/** The values of the connection form. */
export interface ConnectionDraft {
  readonly name: string;
  readonly uri: string;
  readonly identity: string;
  readonly tlsCa: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsServerName: string;
  readonly allowUnencrypted: boolean;
  /** Separated by commas or blanks. */
  readonly platforms: string;
  /** Numbers as they are typed. Empty: the default. */
  readonly priority: string;
  readonly weight: string;
  readonly slots: string;
  readonly emulation: 'allowed' | 'never';
}

/** The fields of numbers, and what each may be. */
export const numberFields = {
  priority: { min: 0, max: maxRank },
  weight: { min: 0, max: maxRank },
  slots: { min: 1, max: maxSlots },
} as const;
type NumberField = keyof typeof numberFields;

export interface ConnectionDraftErrors {
  readonly name?: string;
  readonly uri?: string;
  readonly platforms?: string;
  readonly priority?: string;
  readonly weight?: string;
  readonly slots?: string;
}

export const emptyDraft: ConnectionDraft = {
  name: '',
  uri: '',
  identity: '',
  tlsCa: '',
  tlsCert: '',
  tlsKey: '',
  tlsServerName: '',
  allowUnencrypted: false,
  platforms: '',
  priority: '',
  weight: '',
  slots: '',
  emulation: 'allowed',
};

export function toDraft({ platforms = [], priority, weight, slots, ...connection }: Connection): ConnectionDraft {
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
  const numbers = { priority: text(priority), weight: text(weight), slots: text(slots) };
  return { ...emptyDraft, ...connection, ...numbers, platforms: platforms.join(', ') };
}

/** The connection of a valid draft. An option that the URI has no use for is left out. */
export function toConnection(draft: ConnectionDraft): Connection {
  const destination = parseDestination(draft.uri.trim());
  const { identity, tlsCa, tlsCert, tlsKey, tlsServerName } = draft;
  const texts = {
    ...(needsIdentity(destination) ? { identity } : {}),
    ...(needsTls(destination) ? { tlsCa, tlsCert, tlsKey, tlsServerName } : {}),
  };
  const trimmed = Object.fromEntries(Object.entries(texts).map(([option, text]) => [option, text.trim()]));
  return {
    name: draft.name.trim(),
    uri: draft.uri.trim(),
    ...optionsOf({
      ...trimmed,
      allowUnencrypted: draft.allowUnencrypted && isUnencrypted(draft),
      platforms: platformsIn(draft.platforms).flatMap(({ platform }) => platform ?? []),
      ...numbersOf(draft),
      emulation: draft.emulation,
    }),
  };
}

/** The numbers that are set. */
function numbersOf(draft: ConnectionDraft): Partial<Record<NumberField, number>> {
  const set = numberFieldNames.filter((name) => draft[name].trim() !== '');
  return Object.fromEntries(set.map((name) => [name, Number(draft[name].trim())]));
}

const numberFieldNames = ['priority', 'weight', 'slots'] as const;

function numberErrors(draft: Pick<ConnectionDraft, NumberField>): Partial<Record<NumberField, string>> {
  const wrong = numberFieldNames.filter((name) => {
    const text = draft[name].trim();
    const { min, max } = numberFields[name];
    return text !== '' && !(/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max);
  });
  return Object.fromEntries(
    wrong.map((name) => [name, `Enter a number from ${numberFields[name].min} to ${numberFields[name].max}.`]),
  );
}

/** The engine that the options of a connection are for: that of a container is reached first. */
function hostOf(destination: Destination | string): Destination | undefined {
  if (typeof destination === 'string') {
    return undefined;
  }
  return destination.kind === 'container' ? destination.host : destination;
}

/** Whether a private key may be needed: over SSH, and as long as no URI is entered. */
export function needsIdentity(destination: Destination | string): boolean {
  const host = hostOf(destination);
  return typeof destination === 'string' || host?.kind === 'ssh' || (destination.kind === 'container' && !host);
}

export function needsTls(destination: Destination | string): boolean {
  return hostOf(destination)?.kind === 'tcp';
}

/** Whether a draft leads to another machine over TCP without TLS. */
export function isUnencrypted(draft: ConnectionDraft): boolean {
  const host = hostOf(parseDestination(draft.uri.trim()));
  const { tlsCa, tlsCert, tlsKey, tlsServerName } = draft;
  const isPlain = [tlsCa, tlsCert, tlsKey, tlsServerName].every((text) => text.trim() === '');
  return host?.kind === 'tcp' && isPlain && !isLoopback(host.host);
}

interface PlatformWord {
  readonly word: string;
  /** Missing if the word is not a platform. */
  readonly platform: Platform | undefined;
}

function platformsIn(text: string): PlatformWord[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  return words.map((word) => ({ word, platform: parsePlatform(word) }));
}

/** @returns one sentence for each invalid field. @param takenNames the names of all other connections */
export function validateDraft(
  { name, uri, platforms, ...draft }: ConnectionDraft,
  takenNames: readonly string[],
): ConnectionDraftErrors {
  const destination = uri.trim() === '' ? 'Enter a URI.' : parseDestination(uri.trim());
  const nameError =
    name.trim() === ''
      ? 'Enter a name.'
      : !isName(name.trim())
        ? invalidName
        : takenNames.includes(name.trim())
          ? `A connection named ${name.trim()} already exists.`
          : undefined;
  const notPlatform = platformsIn(platforms).find(({ platform }) => platform === undefined);
  return {
    ...(nameError === undefined ? {} : { name: nameError }),
    ...(typeof destination === 'string' ? { uri: destination } : {}),
    ...(notPlatform ? { platforms: `"${notPlatform.word}" is not a valid platform.` } : {}),
    ...numberErrors(draft),
  };
}

/** True while only the part before the host has been typed, when it is too early to show an error. */
export function isIncomplete(uri: string): boolean {
  const text = uri.trim();
  return (
    text !== 'local:' &&
    (/^[a-z]*:?\/{0,2}$/i.test(text) || /^unix:\/\/\/?$/.test(text) || /^[a-z]+-[a-z]*:?\/{0,2}$/i.test(text))
  );
}

/** Suggests a free name for a URI: `pi4` for `ssh://pi@pi4.lan`, `this-computer` for a local engine. */
export function suggestName(uri: string, takenNames: readonly string[]): string {
  const destination = uri.trim() === '' ? '' : parseDestination(uri.trim());
  return typeof destination === 'string' ? '' : freeName(nameFor(destination), (name) => takenNames.includes(name));
}

function nameFor(destination: Destination): string {
  const host = hostFor(destination);
  // an IP address is used in full, a host name up to its first dot
  const word = /^[\d.]+$|:/.test(host) ? host : (host.split('.')[0] ?? host);
  return word
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 60);
}

function hostFor(destination: Destination): string {
  switch (destination.kind) {
    case 'ssh':
    case 'tcp':
      return destination.host;
    case 'container':
      return destination.container;
    case 'pod':
      return destination.pod;
    default:
      return 'this-computer';
  }
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
  if (destination.kind === 'tcp') {
    return `TCP to ${destination.host}, port ${destination.port}.`;
  }
  if (destination.kind === 'container') {
    return `BuildKit in the container ${destination.container}, through ${describeContainerHost(destination)}.`;
  }
  if (destination.kind === 'pod') {
    const { pod, namespace, context } = destination;
    const where = `${namespace ? `, namespace ${namespace}` : ''}${context ? `, context ${context}` : ''}`;
    return `BuildKit in the pod ${pod}${where}, through kubectl.`;
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

function describeContainerHost({ engine, context, host }: ContainerDestination): string {
  if (context !== undefined) {
    return `the ${engine} of context ${context}`;
  }
  if (host?.kind === 'ssh' || host?.kind === 'tcp') {
    return `the ${engine} on ${host.host}`;
  }
  return host?.kind === 'unix' ? `the ${engine} at ${host.socketPath}` : `the ${engine} that is in use here`;
}
