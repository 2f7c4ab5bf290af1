import type { Build } from '../../../shared/build.ts';
import type { BuildWarning } from '../../../shared/build-warning.ts';
import { formatCount, formatList, formatPlatform, formatSource } from '../../../shared/format.ts';
import { groupWarnings } from '../../../shared/warnings.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { Icon } from '../../parts/Icon.tsx';
import type { ContainerfileSource } from './containerfile-source.ts';
import { SourceExcerpt } from './SourceExcerpt.tsx';
import styles from './Warnings.module.css';

export interface WarningsProps {
  readonly build: Build;
  readonly source: ContainerfileSource | undefined;
}

/** What the engines have warned of, with the lines of the Containerfile. Folded: the build goes on. */
export function Warnings({ build, source }: WarningsProps) {
  const groups = groupWarnings(build.jobs);
  if (groups.length === 0) {
    return null;
  }
  return (
    <details className={styles.warnings}>
      <summary className={styles.title}>
        <Icon name="warning" size={14} />
        <h2>{formatCount(groups.length, 'warning')}</h2>
        <span className={styles.first}>{groups[0]?.warning.text}</span>
      </summary>
      <ul className={styles.list}>
        {groups.map(({ warning, platforms }) => (
          <li key={`${warning.source?.firstLine} ${warning.text}`}>
            <p>
              {warning.text}
              <span className={styles.where}>
                {warning.source && ` · ${formatSource(warning.source)}`}
                {platforms.length < build.jobs.length && ` · ${formatList(platforms.map(formatPlatform))}`}
              </span>
            </p>
            {warning.detail && <p className={styles.detail}>{warning.detail}</p>}
            <MoreAbout warning={warning} />
            {source && warning.source && <SourceExcerpt source={source} lines={warning.source} />}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The sites that a link may lead to: those that the app opens. Engines may name any. */
const knownSites = ['https://docs.docker.com/', 'https://github.com/'];

function MoreAbout({ warning: { url } }: { warning: BuildWarning }) {
  if (url === undefined) {
    return null;
  }
  return knownSites.some((site) => url.startsWith(site)) ? (
    <a href={url} target="_blank" rel="noreferrer" className={styles.link}>
      {url}
    </a>
  ) : (
    <Copyable text={url} what="address" />
  );
}
