import type { ComparedValue, Comparison, FileChange, PlatformComparison } from '../../../shared/compare.ts';
import { formatBytes, formatCount, formatDigest } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import { Button } from '../../parts/Button.tsx';
import { PlatformChip } from '../../parts/Chip.tsx';
import styles from './Compare.module.css';

const statusWords = {
  same: 'The same image',
  changed: 'Different images',
  added: 'Only in the second',
  removed: 'Only in the first',
} as const;

export interface ComparisonResultProps {
  readonly comparison: Comparison;
  /** Fetches layers that are not here. */
  readonly onFetch: () => void;
}

/** What differs between two images, platform by platform. */
export function ComparisonResult({ comparison, onFetch }: ComparisonResultProps) {
  const { a, b, isSame, platforms } = comparison;
  return (
    <>
      {isSame && (
        <p className={styles.heading}>{a.digest === b.digest ? 'They are the same.' : 'Their images are the same.'}</p>
      )}
      {[a, b].map(({ name, lacks }) => lacks && <p key={name} className={styles.hint}>{`${name}: ${lacks}`}</p>)}
      {platforms.map((compared) => (
        <section key={compared.platform} className={styles.platform} aria-label={compared.platform}>
          <header className={styles.head}>
            <PlatformChip platform={compared.platform} />
            <span className={styles.heading}>{statusWords[compared.status]}</span>
            <span className={styles.hint}>{sizesText([compared.sizeA, compared.sizeB])}</span>
          </header>
          {compared.status === 'changed' && <Differences compared={compared} onFetch={onFetch} />}
        </section>
      ))}
    </>
  );
}

function Differences({ compared, onFetch }: { compared: PlatformComparison; onFetch: () => void }) {
  const { layers, config, packages, files, missingBytes } = compared;
  return (
    <>
      <Layers layers={layers} />
      {config && (
        <Block
          title="Configuration"
          note={config.length === 0 ? 'no difference' : formatCount(config.length, 'difference')}
        >
          {config.map((value) => (
            <ValueRow key={value.name} value={value} />
          ))}
        </Block>
      )}
      {packages && (
        <Block
          title="Packages"
          note={countsText({ changed: packages.changed, added: packages.added, removed: packages.removed })}
          hidden={packages.changed + packages.added + packages.removed - packages.entries.length}
        >
          {packages.entries.map((value) => (
            <ValueRow key={value.name} value={value} />
          ))}
        </Block>
      )}
      {files && <Files files={files} />}
      {missingBytes !== undefined && (
        <p className={styles.head}>
          <span className={styles.hint}>
            {`Packages and files are not compared: ${formatBytes(missingBytes)} of layers are not on this computer.`}
          </span>
          <Button size="small" onClick={onFetch}>
            Fetch and compare
          </Button>
        </p>
      )}
    </>
  );
}

function Layers({ layers: { shared, added, removed } }: Pick<PlatformComparison, 'layers'>) {
  const sum = (all: readonly { readonly size: number }[]): string =>
    formatBytes(all.reduce((total, { size }) => total + size, 0));
  const parts = [
    ...(shared.length > 0 ? [`${shared.length} shared (${sum(shared)})`] : []),
    ...(added.length > 0 ? [`${added.length} added (${sum(added)})`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed (${sum(removed)})`] : []),
  ];
  return (
    <Block title="Layers" note={parts.join(', ')}>
      {[
        ...removed.map((layer) => ({ ...layer, change: 'removed' as const })),
        ...added.map((layer) => ({ ...layer, change: 'added' as const })),
      ].map(({ digest, size, change }) => (
        <li key={`${change} ${digest}`} className={styles.row}>
          <Mark change={change} />
          <code title={digest}>{formatDigest(digest)}</code>
          <span className={styles.values}>{formatBytes(size)}</span>
        </li>
      ))}
    </Block>
  );
}

function Files({ files }: { files: NonNullable<PlatformComparison['files']> }) {
  const { added, removed, changed, rewritten, entries, bytesA, bytesB, isPartial } = files;
  const total = added + removed + changed + rewritten;
  const counts = countsText({ changed, added, removed, rewritten });
  return (
    <Block
      title="Files"
      note={`${counts}; ${sizesText([bytesA, bytesB])}${isPartial ? '; a layer could not be read to its end' : ''}`}
      hidden={total - entries.length}
    >
      {entries.map((change) => (
        <li key={change.path} className={styles.row}>
          <Mark change={change.change} />
          <code>{change.path}</code>
          <span className={styles.values}>{fileText(change)}</span>
        </li>
      ))}
    </Block>
  );
}

const marks = { added: '+', removed: '−', changed: '~', rewritten: '·' } as const;

/** A sign, and its word for screen readers. */
function Mark({ change }: { change: keyof typeof marks }) {
  return (
    <span className={styles.mark}>
      <span aria-hidden="true">{marks[change]}</span>
      <span className="visually-hidden">{wordOf(change)}</span>
    </span>
  );
}

function fileText({ a, b, note, change }: FileChange): string {
  return [sizesText([a, b]), note, change === 'rewritten' ? 'another time' : undefined].filter(Boolean).join(', ');
}

interface BlockProps {
  readonly title: string;
  readonly note: string;
  /** How many differences are not listed. */
  readonly hidden?: number;
  readonly children: readonly React.ReactNode[];
}

function Block({ title, note, hidden = 0, children }: BlockProps) {
  return (
    <div className={styles.block}>
      <h2 className={styles.head}>
        <span className={styles.heading}>{title}</span>
        <span className={styles.hint}>{note}</span>
      </h2>
      {children.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard
        <ul className={styles.rows} tabIndex={0} aria-label={title}>
          {children}
        </ul>
      )}
      {hidden > 0 && <p className={styles.hint}>{`${hidden} more are not listed.`}</p>}
    </div>
  );
}

function ValueRow({ value: { name, a, b } }: { value: ComparedValue }) {
  return (
    <li className={styles.row}>
      <Mark change={a === undefined ? 'added' : b === undefined ? 'removed' : 'changed'} />
      <span>{name}</span>
      <span className={styles.values}>{a !== undefined && b !== undefined ? `${a} → ${b}` : (a ?? b)}</span>
    </li>
  );
}

function sizesText(sizes: readonly (number | undefined)[]): string {
  return [...new Set(sizes.flatMap((size) => (size === undefined ? [] : [formatBytes(size)])))].join(' → ');
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return parts.length === 0 ? 'no difference' : parts.map(([name, count]) => `${count} ${wordOf(name)}`).join(', ');
}
