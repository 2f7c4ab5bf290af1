import { useState } from 'react';
import type { Candidate } from '../../../shared/contract.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { addConnection, useConnections } from '../../stores/connections.ts';
import { replaceView } from '../../stores/navigation.ts';
import { useHealth } from '../../stores/nodes.ts';
import styles from './AddConnection.module.css';
import { ConnectionForm } from './ConnectionForm.tsx';
import { freeName } from './draft.ts';

const sources: Readonly<Record<Candidate['source'], string>> = {
  local: 'An engine on this computer',
  'ssh-config': 'A host of ~/.ssh/config',
  podman: 'A connection of podman',
};

export interface AddConnectionProps {
  readonly candidates: readonly Candidate[];
  readonly problem: Problem | undefined;
  /** There is none yet: say what a connection is. */
  readonly isFirst: boolean;
}

/** New connections: what this computer knows of already, at one press each, and a form for all others. */
export function AddConnection({ candidates, problem, isFirst }: AddConnectionProps) {
  const connections = useConnections((state) => state.connections);
  return (
    <section aria-labelledby="add-connection" className={styles.add}>
      <div>
        <h2 id="add-connection" className={styles.title}>
          {isFirst ? 'No connections yet' : 'Add a connection'}
        </h2>
        <p className={styles.quiet}>
          A connection says where an engine is, and how to reach it. Whoever you can reach with ssh can build for you.
        </p>
      </div>
      {problem && <ProblemNote problem={problem} warning />}
      {candidates.length > 0 && (
        <div>
          <h3 className={styles.heading}>Found on this computer</h3>
          <ul className={styles.candidates}>
            {candidates.map((candidate) => (
              <Suggestion key={`${candidate.source} ${candidate.name}`} candidate={candidate} />
            ))}
          </ul>
        </div>
      )}
      <div>
        <h3 className={styles.heading}>{candidates.length > 0 ? 'Another one' : 'Where is it?'}</h3>
        <ConnectionForm
          others={connections.map(({ name }) => name)}
          action="Add connection"
          isFocused={!isFirst}
          onCancel={isFirst ? undefined : () => replaceView({ view: 'connections' })}
          onSubmit={async ({ name, uri, identity }) => {
            const added = await addConnection({ name, uri, ...(identity ? { identity } : {}) });
            replaceView({ view: 'connections', name: added.name });
          }}
        />
      </div>
    </section>
  );
}

function Suggestion({ candidate }: { candidate: Candidate }) {
  const { source, name, uri, identity } = candidate;
  const connections = useConnections((state) => state.connections);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const added = connections.find((each) => each.uri === uri);

  async function add(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const taken = connections.map((each) => each.name);
      await addConnection({ name: freeName(name, taken), uri, ...(identity ? { identity } : {}) });
      // the list stays in sight, for whoever adds several
      replaceView({ view: 'connections', adding: true });
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <li className={styles.candidate}>
      <div className={styles.words}>
        <span className={styles.name}>{name}</span>
        <span className={styles.source}>
          {sources[source]} · <code>{uri}</code>
        </span>
      </div>
      {added ? (
        <Added name={added.name} />
      ) : (
        <Button size="small" icon="plus" busy={busy} onClick={() => void add()}>
          Add<span className="visually-hidden"> {name}</span>
        </Button>
      )}
      {problem && (
        <div className={styles.problem}>
          <ProblemNote problem={problem} />
        </div>
      )}
    </li>
  );
}

function Added({ name }: { name: string }) {
  const health = useHealth(name);
  return (
    <span className={styles.added} role="status">
      <HealthDot health={health} />
      Added
      <span className={styles.quiet}>· {healthWord(health).toLowerCase()}</span>
    </span>
  );
}
