import type { ReactNode } from 'react';
import { emulatorFixCommand, unusableEmulatorText } from '../../../shared/emulation.ts';
import { formatBytes, formatBytesOf, formatCount } from '../../../shared/format.ts';
import { engineText, type Node } from '../../../shared/node.ts';
import { type Mode, modesOf } from '../../../shared/schedule.ts';
import { PlatformChip } from '../../parts/Chip.tsx';
import { Copyable } from '../../parts/Copyable.tsx';
import { Meter } from '../../parts/ProgressBar.tsx';
import { useLimitTexts } from '../../parts/use-limit-texts.ts';
import styles from './NodeFacts.module.css';

/** What is shown of space that is not known. */
const noSpace = { free: 0, total: 0 };

/** Shows the platforms and the hardware that a node reported in its last probe. */
export function NodeFacts({ node }: { node: Node }) {
  const { connection, version, apiVersion, hostname, distribution, rootless, cpus, latencyMs, buildCache } = node;
  const platformsWith = (kind: Mode) =>
    [...modesOf(node)].flatMap(([platform, mode]) => (mode === kind ? platform : []));
  const native = platformsWith('native');
  const emulated = platformsWith('emulated');
  const { limits: all, unsupported } = useLimitTexts(node);
  const limits = [...all, ...(unsupported === undefined ? [] : [unsupported])];
  const unusable = node.unusableEmulators ?? [];
  return (
    <>
      <section aria-labelledby="platforms" className={styles.section}>
        <h3 id="platforms" className={styles.heading}>
          Platforms
        </h3>
        <dl className={styles.platforms}>
          <dt className={styles.kind}>Native</dt>
          <dd className={styles.chips}>
            {native.map((platform) => (
              <PlatformChip key={platform} platform={platform} kind="native" />
            ))}
          </dd>
          <dt className={styles.kind}>Emulated</dt>
          <dd className={styles.chips}>
            {emulated.map((platform) => (
              <PlatformChip key={platform} platform={platform} kind="emulated" />
            ))}
            {emulated.length === 0 && unusable.length === 0 && (
              <span className={styles.none}>
                None. To emulate other platforms, install qemu-user-static on the node.
              </span>
            )}
            {emulated.length === 0 && unusable.length > 0 && <span className={styles.none}>None</span>}
          </dd>
        </dl>
        <ul className={styles.unusable}>
          {unusable.map((emulator) => (
            <li key={emulator.platform}>
              It {unusableEmulatorText(emulator)}. Run on the node:
              <Copyable block text={emulatorFixCommand(node, emulator)} what="command" />
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="machine" className={styles.section}>
        <h3 id="machine" className={styles.heading}>
          Machine
        </h3>
        <dl className={styles.facts}>
          <Fact term="Engine">
            {engineText(node)}
            {apiVersion !== version && <span className={styles.more}> API {apiVersion}</span>}
          </Fact>
          <Fact term="Host">{hostname}</Fact>
          <Fact term="System">{distribution ?? 'Unknown'}</Fact>
          <Fact term="Runs as">{rootless === undefined ? 'Unknown' : rootless ? 'User (rootless)' : 'Root'}</Fact>
          <Fact term="Latency">{latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms</Fact>
          <Fact term="CPUs">{cpus === undefined ? 'Unknown' : formatCount(cpus, 'core')}</Fact>
          <Capacity term="Memory" label={`Memory of ${connection}`} {...(node.memory ?? noSpace)} />
          <Capacity term="Disk" label={`Disk of ${connection}`} {...(node.disk ?? noSpace)} />
          {buildCache && (
            <Fact term="Build cache">
              {formatBytes(buildCache.size)}
              {buildCache.limit !== undefined && ` of at most ${formatBytes(buildCache.limit)}`}
            </Fact>
          )}
        </dl>
      </section>
      {limits.length > 0 && (
        <section aria-labelledby="limits" className={styles.section}>
          <h3 id="limits" className={styles.heading}>
            What it cannot do
          </h3>
          <ul className={styles.limits}>
            {limits.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Shows how much is free, with a bar for how much is used. Some engines do not report the total. */
function Capacity({ term, label, free, total }: { term: string; label: string; free: number; total: number }) {
  return (
    <Fact term={term}>
      {total > 0 ? (
        <>
          {formatBytesOf(free, total)} free
          <Meter label={`${label}, used`} value={total - free} max={total} />
        </>
      ) : free > 0 ? (
        `${formatBytes(free)} free`
      ) : (
        'Unknown'
      )}
    </Fact>
  );
}
