import { type Connection, type Destination, parseDestination } from '../../shared/connection.ts';
import { fail } from '../../shared/problem.ts';

/** Where a connection leads. @throws Failure `connection.uri` where a hand has written a URI that leads nowhere. */
export function destinationOf({ name, uri }: Pick<Connection, 'name' | 'uri'>): Destination {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    throw fail(
      'connection.uri',
      `Connection ${name}: ${destination}`,
      'Remove it and add it again with a URI that works.',
    );
  }
  return destination;
}
