import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { addConnection, useConnections } from '../../stores/connections.ts';
import { type AddingBy, addBy, chooseFile, useExchange } from '../../stores/exchange.ts';
import { replaceView } from '../../stores/navigation.ts';
import styles from './AddConnection.module.css';
import { ConnectionForm } from './ConnectionForm.tsx';
import { FoundElsewhere } from './FoundElsewhere.tsx';
import { ImportDone } from './ImportDone.tsx';
import { type Found, useDiscovery } from './use-discovery.ts';

export interface AddConnectionProps {
  readonly found: Found;
  /** How many of what was found are no connections yet. */
  readonly fresh: number;
  /** There is none yet: say what a connection is. */
  readonly isFirst: boolean;
}

/** New connections: one by where it is, or many at once that this computer or a file knows of. */
export function AddConnection({ found, fresh, isFirst }: AddConnectionProps) {
  const chosen = useExchange((state) => state.addingBy);
  // who has none begins with what is there already
  const by = chosen ?? (isFirst && fresh > 0 ? 'found' : 'address');
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
      <div className={styles.ways}>
        <Segmented<AddingBy>
          label="How to add"
          value={by}
          onChange={addBy}
          options={[
            { value: 'address', label: 'By address', icon: 'edit' },
            { value: 'found', label: fresh > 0 ? `Found here: ${fresh} new` : 'Found here', icon: 'search' },
            { value: 'file', label: 'From a file', icon: 'file' },
          ]}
        />
      </div>
      <ImportDone />
      {by === 'address' ? (
        <ByAddress isFirst={isFirst} />
      ) : by === 'found' ? (
        <FoundElsewhere found={found} />
      ) : (
        <ByFile />
      )}
    </section>
  );
}

function ByAddress({ isFirst }: Pick<AddConnectionProps, 'isFirst'>) {
  const connections = useConnections((state) => state.connections);
  return (
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
  );
}

function ByFile() {
  const file = useExchange((state) => state.file);
  if (file === undefined) {
    return (
      <div className={styles.drop}>
        <EmptyState
          icon="file"
          title="Drop a file here"
          actions={
            <Button icon="file" onClick={chooseFile}>
              Choose a file…
            </Button>
          }
        >
          What Barnraiser has exported, or podman-connections.json or containers.conf of podman.
        </EmptyState>
      </div>
    );
  }
  return (
    <>
      <div className={styles.file}>
        <h3 className={styles.fileName}>{file.name}</h3>
        <Button size="small" icon="file" onClick={chooseFile}>
          Choose another file…
        </Button>
      </div>
      {'problem' in file ? <ProblemNote problem={file.problem} /> : <InFile key={file.name} file={file} />}
    </>
  );
}

function InFile({ file }: { file: { readonly name: string; readonly text: string } }) {
  return <FoundElsewhere found={useDiscovery(file)} isFile />;
}
