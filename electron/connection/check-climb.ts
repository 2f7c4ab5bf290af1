import type { Destination } from '../../shared/connection.ts';
import type { Node } from '../../shared/node.ts';
import type { Ladder } from './check-ladder.ts';

/** What the stages of an engine have in common. */
export interface EngineClimb {
  readonly name: string;
  readonly destination: Destination;
  readonly ladder: Ladder;
  readonly signal: AbortSignal;
  /** Told what the node is, once its engine has said so. */
  readonly onNode: (node: Node) => void;
}
