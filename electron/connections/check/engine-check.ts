import type { Destination } from '../../../shared/connection.ts';
import type { Node } from '../../../shared/node.ts';
import type { CheckReport } from './check-report.ts';

/** What the stages of an engine have in common. */
export interface EngineCheck {
  readonly name: string;
  readonly destination: Destination;
  readonly ladder: CheckReport;
  readonly signal: AbortSignal;
  /** Told what the node is, once its engine has said so. */
  readonly onNode: (node: Node) => void;
}
