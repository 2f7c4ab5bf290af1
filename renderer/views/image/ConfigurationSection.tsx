import type { ReactNode } from 'react';
import { formatCount } from '../../../shared/format.ts';
import type { ImageDetails } from '../../../shared/local-images.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useImageDetails } from '../../stores/local-images.ts';
import styles from './Image.module.css';
import type { ImageSectionProps } from './section-props.ts';

/** What the image of a platform starts, and how. */
export function ConfigurationSection({ list, platform }: ImageSectionProps) {
  const { details, problem } = useImageDetails(list, platform);
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  if (!details) {
    return <Waiting>Loading configuration</Waiting>;
  }
  const { settings } = details;
  return (
    <>
      <dl className={styles.settings}>
        {rowsOf(details).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Pairs title="Environment" pairs={settings.env} />
      <Pairs title="Labels" pairs={settings.labels} />
    </>
  );
}

function rowsOf({ digest, configDigest, createdAt, author, osVersion, settings }: ImageDetails): [string, ReactNode][] {
  const { entrypoint, cmd, shell, workingDir, user, stopSignal, ports, volumes, onBuild, healthcheck } = settings;
  const code = (text: string): ReactNode => <code>{text}</code>;
  const rows: [string, ReactNode][] = [
    ['Image digest', <Copyable key="digest" text={digest} what="image digest" />],
    ['Configuration digest', <Copyable key="config" text={configDigest} what="configuration digest" />],
    ['Created', createdAt && <RelativeTime time={createdAt} />],
    ['Author', author],
    ['Version of the system', osVersion],
    ['Entrypoint', entrypoint && code(JSON.stringify(entrypoint))],
    ['Command', cmd && code(JSON.stringify(cmd))],
    ['Shell', shell && code(JSON.stringify(shell))],
    ['Working directory', workingDir && code(workingDir)],
    ['User', user && code(user)],
    ['Ports', ports.length > 0 && code(ports.join(', '))],
    ['Volumes', volumes.length > 0 && code(volumes.join(', '))],
    ['Stop signal', stopSignal && code(stopSignal)],
    ['Health check', healthcheck && <HealthCheck check={healthcheck} />],
    ['On build', onBuild.length > 0 && code(onBuild.join('\n'))],
  ];
  return rows.filter(([, value]) => Boolean(value));
}

function HealthCheck({ check }: { check: NonNullable<ImageDetails['settings']['healthcheck']> }) {
  const { test, interval, timeout, startPeriod, startInterval, retries } = check;
  const facts = [
    interval !== undefined && `every ${interval} s`,
    timeout !== undefined && `timeout ${timeout} s`,
    startPeriod !== undefined && `start period ${startPeriod} s`,
    startInterval !== undefined && `every ${startInterval} s at the start`,
    retries !== undefined && formatCount(retries, 'retry', 'retries'),
  ].filter(Boolean);
  return (
    <>
      <code>{JSON.stringify(test)}</code>
      {facts.length > 0 && <small>{facts.join(', ')}</small>}
    </>
  );
}

function Pairs({
  title,
  pairs,
}: {
  title: string;
  pairs: readonly { readonly name: string; readonly value: string }[];
}) {
  if (pairs.length === 0) {
    return null;
  }
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <table className={styles.pairs} aria-label={title}>
        <tbody>
          {pairs.map(({ name, value }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an image may name a variable twice
            <tr key={index}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>
                <Copyable text={value} what={name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
