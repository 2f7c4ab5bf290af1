import type { Connection } from '../../shared/connection.ts';
import { fail, type Problem } from '../../shared/problem.ts';
import { setAsideText } from '../../shared/set-aside-text.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { holdFailure } from './node-holds.ts';
import type { NodeLoads } from './node-load.ts';

/** Nodes that should get no jobs now, although they answer: why, by connection. */
export type Unavailable = Readonly<Record<string, Problem>>;

/** The nodes that are set aside. */
export function setAsideNodes(
  connections: readonly Connection[],
  breaker: Pick<CircuitBreaker, 'isSetAside' | 'stateOf'>,
): Unavailable {
  return Object.fromEntries(
    connections.flatMap((connection) => {
      const state = breaker.stateOf(connection);
      if (!state || !breaker.isSetAside(connection)) {
        return [];
      }
      const { name } = connection;
      const { problem } = fail(
        'schedule.set-aside',
        `Node ${name} is ${setAsideText(state)}: ${state.problem.message}`,
        'When its cause is gone, use the node again.',
      ).offering({ id: 'use-node-again', node: name });
      return [[name, problem]];
    }),
  );
}

/** The nodes that a person has paused or drained. */
export function heldNodes(load: NodeLoads): Unavailable {
  return Object.fromEntries(
    Object.entries(load).flatMap(([node, { hold }]) => (hold ? [[node, holdFailure(hold).problem]] : [])),
  );
}
