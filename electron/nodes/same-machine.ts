import type { Node, NodeStatus } from '../../shared/node.ts';

type Identity = Pick<Node, 'machineId' | 'engineId'>;
type Relatives = Pick<Extract<NodeStatus, { state: 'up' }>, 'sameAs' | 'sameMachineAs'>;

/** Which machine and engine each connection led to when it last answered. */
export class NodeIdentities {
  readonly #identities = new Map<string, Identity>();

  set(connection: string, { machineId, engineId }: Identity): void {
    this.#identities.set(connection, { ...(machineId ? { machineId } : {}), ...(engineId ? { engineId } : {}) });
  }

  delete(connection: string): void {
    this.#identities.delete(connection);
  }

  machineOf(connection: string): string | undefined {
    return this.#identities.get(connection)?.machineId;
  }

  /** The other connections to the same engine and to the same machine. Of several, the first by name. */
  relativesOf(connection: string): Relatives {
    const own = this.#identities.get(connection);
    const others = [...this.#identities]
      .filter(([name]) => name !== connection)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const withSame = (key: keyof Identity) =>
      others.find(([, other]) => own?.[key] !== undefined && other[key] === own[key])?.[0];
    const sameAs = withSame('engineId');
    const sameMachineAs = withSame('machineId') ?? sameAs;
    return { ...(sameAs ? { sameAs } : {}), ...(sameMachineAs ? { sameMachineAs } : {}) };
  }
}
