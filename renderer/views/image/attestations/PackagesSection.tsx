import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import { formatBytesOf, formatCount } from '../../../../shared/format.ts';
import type { ImagesProgress } from '../../../../shared/local-images.ts';
import { type ImagePackage, type ImagePackages, packageKindNames, packageKinds } from '../../../../shared/packages.ts';
import { type Problem, problemOf } from '../../../../shared/problem.ts';
import { Button } from '../../../parts/Button.tsx';
import { EmptyState } from '../../../parts/EmptyState.tsx';
import { Icon } from '../../../parts/Icon.tsx';
import { lazyPart } from '../../../parts/lazy-part.tsx';
import { Presence } from '../../../parts/Presence.tsx';
import { ProblemNote } from '../../../parts/ProblemNote.tsx';
import { ProgressBar } from '../../../parts/ProgressBar.tsx';
import { Select } from '../../../parts/Select.tsx';
import { TextField } from '../../../parts/TextField.tsx';
import { callWithProgress } from '../../../stores/local-images.ts';
import type { ImageSectionProps } from '../section-props.ts';
import styles from './Attestations.module.css';

const SaveSbomDialog = lazyPart(async () => (await import('./SaveSbomDialog.tsx')).SaveSbomDialog);

const rowHeight = 28;

/** What the package databases and programs of an image name. */
export function PackagesSection({ reference, platform, list }: ImageSectionProps) {
  const digest = list.entries.find((entry) => entry.platform === platform)?.digest;
  const { image, progress, problem, retry } = usePackages(reference, platform, digest);
  const [filter, setFilter] = useState('');
  const [kind, setKind] = useState('all');
  const [isSaving, setIsSaving] = useState(false);
  const shown = useMemo(() => {
    const text = filter.trim().toLowerCase();
    return (image?.packages ?? []).filter(
      (each) => (kind === 'all' || each.kind === kind) && each.name.toLowerCase().includes(text),
    );
  }, [image, filter, kind]);
  if (problem) {
    return (
      <div className={styles.padded}>
        <ProblemNote problem={problem} actions={<Button onClick={retry}>Retry</Button>} />
      </div>
    );
  }
  if (!image) {
    return <Reading progress={progress} />;
  }
  const kinds = packageKinds.filter((each) => image.packages.some((one) => one.kind === each));
  return (
    <div className={styles.full}>
      <div className={styles.tools}>
        <div className={styles.filter}>
          <TextField
            label="Filter packages"
            hideLabel
            icon="search"
            placeholder="Part of a name"
            value={filter}
            onChange={setFilter}
          />
        </div>
        {kinds.length > 1 && (
          <Select
            label="Kind"
            hideLabel
            value={kind}
            options={[
              { value: 'all', label: 'All kinds' },
              ...kinds.map((value) => ({ value, label: packageKindNames[value] })),
            ]}
            onChange={setKind}
          />
        )}
        <output className={styles.total}>
          {formatCount(shown.length, 'package')}
          {image.system && ` · ${image.system}`}
        </output>
        <Button icon="download" onClick={() => setIsSaving(true)}>
          Save SBOM…
        </Button>
      </div>
      {image.problems.map(({ path, text }) => (
        <p key={path} className={styles.note}>
          <Icon name="warning" size={14} /> Not read: {path}: {text}. Packages may be missing.
        </p>
      ))}
      {shown.length === 0 ? (
        <EmptyState icon="package" title={image.packages.length === 0 ? 'No packages found' : 'No matches'}>
          {image.packages.length === 0
            ? 'The image has no package database of dpkg, apk or rpm, and no packages of npm, Python or Go.'
            : 'No package has this text in its name.'}
        </EmptyState>
      ) : (
        <PackageRows packages={shown} />
      )}
      <Presence>
        {isSaving && <SaveSbomDialog reference={reference} platform={platform} onClose={() => setIsSaving(false)} />}
      </Presence>
    </div>
  );
}

function PackageRows({ packages }: { packages: readonly ImagePackage[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: packages.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard
    <div ref={scroller} className={styles.scroller} tabIndex={0}>
      <div className={styles.header} aria-hidden="true">
        <span>Package</span>
        <span>Version</span>
        <span>Kind</span>
        <span>Licence</span>
      </div>
      <ul className={styles.rows} aria-label="Packages" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const each = packages[index];
          return (
            each && (
              <li
                key={`${each.kind} ${each.name} ${each.version} ${each.architecture}`}
                className={styles.row}
                style={{ transform: `translateY(${start}px)` }}
                aria-posinset={index + 1}
                aria-setsize={packages.length}
              >
                <span title={each.path}>{each.name}</span>
                <span className={styles.version}>{each.version}</span>
                <span>{packageKindNames[each.kind]}</span>
                <span className={styles.quiet}>{each.licence}</span>
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function Reading({ progress }: { progress: ImagesProgress | undefined }) {
  const { doneBytes = 0, totalBytes = 0 } = progress ?? {};
  return (
    <div className={styles.reading}>
      <p>
        Reading layers. This is done once.
        {totalBytes > 0 && <small>{formatBytesOf(doneBytes, totalBytes)}</small>}
      </p>
      <ProgressBar label="Reading layers" value={doneBytes} max={totalBytes} />
    </div>
  );
}

function usePackages(reference: string, platform: ImageSectionProps['platform'], digest: string | undefined) {
  const [image, setImage] = useState<ImagePackages>();
  const [progress, setProgress] = useState<ImagesProgress>();
  const [problem, setProblem] = useState<Problem>();
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list may have got the reference, and a person may retry
  useEffect(() => {
    const cancel = new AbortController();
    setImage(undefined);
    setProblem(undefined);
    setProgress(undefined);
    callWithProgress('images.packages', { reference, platform }, setProgress, cancel.signal).then(
      setImage,
      (error: unknown) => {
        if (!cancel.signal.aborted) {
          setProblem(problemOf(error));
        }
      },
    );
    return () => cancel.abort();
  }, [reference, platform, digest, attempt]);
  return { image, progress, problem, retry: () => setAttempt((count) => count + 1) };
}
