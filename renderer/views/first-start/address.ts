import { nameSchema, parseDestination } from '../../../shared/connection.ts';

/** @returns why an address is not valid, as a sentence; undefined if it is valid */
export function addressError(uri: string): string | undefined {
  const destination = parseDestination(uri.trim());
  return typeof destination === 'string' ? destination : undefined;
}

/** Describes how an address was understood. @returns undefined if it is empty or not valid */
export function describeAddress(uri: string): string | undefined {
  const destination = parseDestination(uri.trim());
  if (uri.trim() === '' || typeof destination === 'string') {
    return undefined;
  }
  if (destination.kind === 'local') {
    return 'The engine on this computer. Its socket is found automatically.';
  }
  if (destination.kind === 'unix') {
    return `The engine on this computer at ${destination.socketPath}.`;
  }
  const { user, host, port, socketPath } = destination;
  const target = user ? `${user}@${host}` : `${host} as your user`;
  const portText = port === undefined || port === 22 ? '' : `, port ${port}`;
  return `SSH to ${target}${portText}. ${socketPath ? `Engine socket: ${socketPath}.` : 'The engine socket is found automatically.'}`;
}

/** Suggests a name for an address: its host without the domain, without invalid characters. */
export function suggestName(uri: string): string {
  const destination = parseDestination(uri.trim());
  if (uri.trim() === '' || typeof destination === 'string') {
    return '';
  }
  if (destination.kind !== 'ssh') {
    return 'this-computer';
  }
  const { host } = destination;
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':');
  const name = (isAddress ? host.replaceAll(':', '-') : (host.split('.')[0] ?? host)).replace(/^[^A-Za-z0-9]+/, '');
  return name.replaceAll(/[^A-Za-z0-9_.-]/g, '-').slice(0, 63);
}

/** @returns why a name is not valid for a connection, as a sentence; undefined if it is valid */
export function connectionNameError(name: string, takenNames: readonly string[]): string | undefined {
  if (takenNames.includes(name)) {
    return `A connection named ${name} already exists.`;
  }
  const parsed = nameSchema.safeParse(name);
  return parsed.success ? undefined : parsed.error.issues[0]?.message;
}
