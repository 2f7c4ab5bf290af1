import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import {
  type AddMethod,
  chooseImportFile,
  openAddConnections,
  useConnectionImport,
} from '../../stores/connection-import.ts';
import { addConnectionTo, useConnections } from '../../stores/connections.ts';
import { replaceView } from '../../stores/navigation.ts';
import styles from './AddConnection.module.css';
import { ConnectionForm } from './ConnectionForm.tsx';
import { DiscoveredConnections } from './DiscoveredConnections.tsx';
import { FarmChoice, useFarmChoice } from './FarmChoice.tsx';
import { ImportResult } from './ImportResult.tsx';
import { type DiscoveryResult, useDiscovery } from './use-discovery.ts';

export interface AddConnectionProps {
  readonly discovery: DiscoveryResult;
  /** The number of discovered engines that have no connection yet. */
  readonly newCount: number;
  /** True if there are no connections yet. */
  readonly isFirst: boolean;
}

/** Adds one connection by address, or imports connections that were discovered on this computer or are in a file. */
export function AddConnection({ discovery, newCount, isFirst }: AddConnectionProps) {
  const selectedMethod = useConnectionImport((state) => state.method);
  const method = selectedMethod ?? (isFirst && newCount > 0 ? 'discovered' : 'address');
  return (
    <section aria-labelledby="add-connection" className={styles.add}>
      <div>
        <h2 id="add-connection" className={styles.title}>
          {isFirst ? 'No connections yet' : 'Add connection'}
        </h2>
        <p className={styles.quiet}>
          A connection is the address of a container engine. Any machine that you can reach over SSH can build for you.
        </p>
      </div>
      <div className={styles.methods}>
        <Segmented<AddMethod>
          label="Method"
          value={method}
          onChange={openAddConnections}
          options={[
            { value: 'address', label: 'By address', icon: 'edit' },
            { value: 'discovered', label: newCount > 0 ? `Discovered: ${newCount} new` : 'Discovered', icon: 'search' },
            { value: 'file', label: 'From a file', icon: 'file' },
          ]}
        />
      </div>
      <ImportResult />
      {method === 'address' ? (
        <AddByAddress isFirst={isFirst} />
      ) : method === 'discovered' ? (
        <DiscoveredConnections result={discovery} />
      ) : (
        <AddFromFile />
      )}
    </section>
  );
}

function AddByAddress({ isFirst }: Pick<AddConnectionProps, 'isFirst'>) {
  const connections = useConnections((state) => state.connections);
  const choice = useFarmChoice();
  return (
    <ConnectionForm
      takenNames={connections.map(({ name }) => name)}
      action="Add connection"
      isFocused={!isFirst}
      onCancel={isFirst ? undefined : () => replaceView({ view: 'connections' })}
      onSubmit={async (connection) => {
        const added = await addConnectionTo(choice.farm, connection);
        replaceView({ view: 'connections', name: added.name });
      }}
      canSubmit={choice.farm.error === undefined}
    >
      <FarmChoice choice={choice} />
    </ConnectionForm>
  );
}

function AddFromFile() {
  const file = useConnectionImport((state) => state.file);
  if (file === undefined) {
    return (
      <div className={styles.drop}>
        <EmptyState
          icon="file"
          title="Drop a file here"
          actions={
            <Button icon="file" onClick={chooseImportFile}>
              Choose a file…
            </Button>
          }
        >
          A file exported by Barnraiser, or podman’s podman-connections.json or containers.conf.
        </EmptyState>
      </div>
    );
  }
  return (
    <>
      <div className={styles.file}>
        <h3 className={styles.fileName}>{file.name}</h3>
        <Button size="small" icon="file" onClick={chooseImportFile}>
          Choose another file…
        </Button>
      </div>
      {'problem' in file ? <ProblemNote problem={file.problem} /> : <FileContent key={file.name} file={file} />}
    </>
  );
}

function FileContent({ file }: { file: { readonly name: string; readonly text: string } }) {
  return <DiscoveredConnections result={useDiscovery(file)} isFile />;
}
