/** Storage: what takes space on the nodes of a farm and on this computer. */
import { useEffect } from 'react';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { localPartNames } from '../../../shared/storage-kinds.ts';
import type { LocalUse, NodeUse } from '../../../shared/storage-use.ts';
import { Button } from '../../parts/Button.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Meter } from '../../parts/ProgressBar.tsx';
import { Sheet } from '../../parts/Sheet.tsx';
import { Spinner, Waiting } from '../../parts/Spinner.tsx';
import { useConnections } from '../../stores/connections.ts';
import { useFarm } from '../../stores/farms.ts';
import { askToFreeDisk } from '../../stores/free-disk.ts';
import { measureHere, measureNodes, useStorageUse } from '../../stores/storage-use.ts';
import { KindTable } from './KindTable.tsx';
import styles from './Storage.module.css';
import { totalsOf } from './sums.ts';
import { UseBar } from './UseBar.tsx';

export interface StorageSheetProps {
  /** The nodes of this farm. Without it and without `node`: all. */
  readonly farm?: string | undefined;
  readonly node?: string | undefined;
  readonly onClose: () => void;
}

export function StorageSheet({ farm: farmName, node, onClose }: StorageSheetProps) {
  const farm = useFarm(farmName ?? '');
  const connections = useConnections((state) => state.connections);
  const names = node === undefined ? (farm?.connections ?? connections.map(({ name }) => name)) : [node];
  const uses = useStorageUse((state) => state.nodes);
  const isMeasuring = useStorageUse(({ measuring }) => names.some((name) => measuring.has(name)));
  const key = names.join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names are in the key
  useEffect(() => {
    const closed = new AbortController();
    void measureNodes(names, closed.signal);
    void measureHere(closed.signal);
    return () => closed.abort();
  }, [key]);

  const known = names.flatMap((name) => uses[name] ?? []);
  const reclaimable = known.reduce((sum, use) => sum + totalsOf(use).reclaimable, 0);
  return (
    <Sheet
      onClose={onClose}
      title={`Disk use of ${node ?? farm?.name ?? 'all nodes'}`}
      description={
        known.length === 0
          ? undefined
          : `${formatBytes(reclaimable)} on ${formatCount(names.length, 'node')} could be freed`
      }
      footerStart={isMeasuring && <Waiting>Measuring</Waiting>}
      footer={
        <>
          <Button icon="refresh" disabled={isMeasuring} onClick={() => void measureNodes(names)}>
            Measure again
          </Button>
          <Button kind="primary" icon="disk" disabled={names.length === 0} onClick={() => askToFreeDisk(names)}>
            Free disk space…
          </Button>
        </>
      }
    >
      <section aria-label="Nodes" className={styles.section}>
        {names.length > 1 && <Total nodes={known} />}
        <ul className={styles.nodes}>
          {names.map((name) => (
            <li key={name}>
              <NodeRow name={name} use={uses[name]} isAlone={names.length === 1} />
            </li>
          ))}
        </ul>
      </section>
      <Here />
    </Sheet>
  );
}

function Total({ nodes }: { nodes: readonly NodeUse[] }) {
  const kinds = nodes.flatMap((use) => use.kinds);
  return (
    <div className={styles.total}>
      <h3 className={styles.heading}>All nodes</h3>
      <UseBar label="all nodes" kinds={kinds} showsLegend />
    </div>
  );
}

function NodeRow({ name, use, isAlone }: { name: string; use: NodeUse | undefined; isAlone: boolean }) {
  const Heading = isAlone ? 'h3' : 'h4';
  const isMeasuring = useStorageUse(({ measuring }) => measuring.has(name));
  return (
    <article aria-label={name} className={styles.node}>
      <header className={styles.nodeHead}>
        <Heading className={styles.nodeName} title={name}>
          {name}
        </Heading>
        {isMeasuring && <Spinner />}
        {use?.disk && <span className={styles.quiet}>{formatBytes(use.disk.free)} free</span>}
        <IconButton
          icon="disk"
          label={`Free disk space on ${name}`}
          size="small"
          disabled={!use || use.problem !== undefined || use.sameAs !== undefined}
          onClick={() => askToFreeDisk([name])}
        />
      </header>
      {use?.problem ? (
        <ProblemNote problem={use.problem} />
      ) : use?.sameAs !== undefined ? (
        <p className={styles.quiet}>The same engine as {use.sameAs}.</p>
      ) : (
        use && <NodeFigures name={name} use={use} showsLegend={isAlone} />
      )}
    </article>
  );
}

function NodeFigures({ name, use, showsLegend }: { name: string; use: NodeUse; showsLegend: boolean }) {
  const { all, own, reclaimable } = totalsOf(use);
  return (
    <>
      <UseBar label={name} kinds={use.kinds} showsLegend={showsLegend} />
      <p className={styles.figures}>
        {all === 0 ? 'Nothing stored' : `${formatBytes(all)}, ${formatBytes(own)} of it left by Barnraiser`}
        {reclaimable > 0 && ` · ${formatBytes(reclaimable)} can be freed`}
        {use.temporary && ` · ${formatBytes(use.temporary.free)} free for temporary files`}
      </p>
      {showsLegend && <KindTable use={use} />}
    </>
  );
}

/** The data folder of this computer. */
function Here() {
  const here = useStorageUse((state) => state.here);
  const problem = useStorageUse((state) => state.hereProblem);
  return (
    <section aria-label="This computer" className={styles.section}>
      <h3 className={styles.heading}>This computer</h3>
      {problem ? <ProblemNote problem={problem} /> : here && <HereFigures here={here} />}
    </section>
  );
}

function HereFigures({ here: { folder, parts, disk } }: { here: LocalUse }) {
  return (
    <>
      {disk && (
        <div className={styles.hereDisk}>
          <Meter label="Disk of this computer" value={disk.total - disk.free} max={disk.total} />
          <span className={styles.quiet}>
            {formatBytes(disk.free)} of {formatBytes(disk.total)} free
          </span>
        </div>
      )}
      <table className={styles.kinds} aria-label="What the data folder holds">
        <tbody>
          {[...parts]
            .sort((one, other) => other.bytes - one.bytes)
            .map(({ name, count, bytes }) => (
              <tr key={name}>
                <th scope="row">{localPartNames[name]}</th>
                <td>{formatCount(count, 'file')}</td>
                <td>{formatBytes(bytes)}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <p className={styles.folder}>{folder}</p>
    </>
  );
}
