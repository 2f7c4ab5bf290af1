import { nameSchema, parseDestination } from '../../../shared/connection.ts';

/** What is wrong with an address, in a sentence; undefined where nothing is. */
export function uriError(uri: string): string | undefined {
  const destination = parseDestination(uri.trim());
  return typeof destination === 'string' ? destination : undefined;
}

/** What an address means, in words; undefined where it means nothing. */
export function uriWords(uri: string): string | undefined {
  const destination = parseDestination(uri.trim());
  if (uri.trim() === '' || typeof destination === 'string') {
    return undefined;
  }
  if (destination.kind === 'local') {
    return 'The engine of this computer, wherever it is.';
  }
  if (destination.kind === 'unix') {
    return `The engine on this computer at ${destination.socketPath}.`;
  }
  const { user, host, port, socketPath } = destination;
  const who = user ? `${user} on ${host}` : `${host}, as your user`;
  const where = port === undefined || port === 22 ? '' : `, port ${port}`;
  return `By SSH to ${who}${where}; ${socketPath ? `the engine at ${socketPath}` : 'the engine is found there'}.`;
}

/** A name for what an address leads to: its host without the domain, cleaned of what names may not hold. */
export function nameOf(uri: string): string {
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

/** What is wrong with a name for a connection, in a sentence; undefined where nothing is. */
export function nameError(name: string, taken: readonly string[]): string | undefined {
  if (taken.includes(name)) {
    return `There is a connection ${name} already.`;
  }
  const parsed = nameSchema.safeParse(name);
  return parsed.success ? undefined : parsed.error.issues[0]?.message;
}
