import { useMemo } from 'react';
import type { Build } from '../../../shared/build.ts';
import {
  formatBytes,
  formatCount,
  formatDigest,
  formatMismatched,
  formatMissing,
  formatPlatform,
} from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import type { ManifestList } from '../../../shared/image.ts';
import type { Push } from '../../../shared/push.ts';
import { Copyable } from '../../parts/Copyable.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { PushedTo } from '../../parts/PushedTo.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { useImages } from '../../stores/images.ts';
import { hrefOf, openSheet } from '../../stores/navigation.ts';
import { usePushesOf, usePushHistory } from '../../stores/push-history.ts';
import { useSettings } from '../../stores/settings.ts';
import { suggestDestination } from '../push/destination.ts';
import { isPushMissing } from './headline.ts';
import { imageLayers, LayerBar, LayerLegend } from './LayerBar.tsx';
import { manualCommands } from './manual-commands.ts';
import { NewerBases } from './NewerBases.tsx';
import styles from './Result.module.css';

/** The manifest list that a build created: its images, and commands that use it without Barnraiser. */
export function Result({ build, list }: { build: Build; list: ManifestList }) {
  const home = useSettings((state) => state.info?.home);
  const history = usePushHistory((state) => state.records);
  const pushes = usePushesOf(list.reference, list.digest);
  // it may have been pushed there since
  const isThere = pushes.some(({ destination }) => destination === build.push?.destination);
  const push = isPushMissing(build) && !isThere ? build.push : undefined;
  const total = list.entries.reduce((sum, { size }) => sum + size, 0);
  return (
    <section aria-labelledby="build-result" className={styles.result}>
      <header className={styles.header}>
        <h2 id="build-result">Manifest list</h2>
        <span className={styles.note}>
          {formatCount(list.entries.length, 'image')}, {formatBytes(total)} in{' '}
          <a href={hrefOf({ view: 'images', reference: list.reference })}>local storage</a>
        </span>
        {list.missing && <strong>{formatMissing(list)}</strong>}
        {list.mismatched && <strong>{formatMismatched(list.mismatched)}</strong>}
        <Copyable text={list.digest} shown={`sha256:${formatDigest(list.digest)}`} what="digest of the manifest list" />
      </header>
      <NewerBases build={build} />
      <div className={styles.pushes}>
        {push?.problem && (
          <ProblemNote problem={push.problem} handlers={pushHandlers(build.reference, push.destination)} />
        )}
        {furtherFailed(build, pushes).map((each) => (
          <div key={each.id}>
            {each.problem && (
              <ProblemNote problem={each.problem} handlers={pushHandlers(build.reference, each.destination)} />
            )}
          </div>
        ))}
        <PushedTo reference={list.reference} digest={list.digest} />
      </div>
      <Entries build={build} list={list} />
      {home && (
        <details className={styles.manual}>
          <summary>Use it without Barnraiser</summary>
          <dl className={styles.commands}>
            {manualCommands(list.reference, home, suggestDestination(list.reference, history)).map(
              ({ title, text }) => (
                <div key={title} className={styles.command}>
                  <dt>{title}</dt>
                  <dd>
                    <Copyable block text={text} what="command" />
                  </dd>
                </div>
              ),
            )}
          </dl>
        </details>
      )}
    </section>
  );
}

/** The pushes to further destinations that have failed and were not made since. */
function furtherFailed({ furtherPushes = [] }: Build, pushed: readonly { readonly destination: string }[]): Push[] {
  return furtherPushes.filter(
    ({ status, destination }) => status === 'failed' && pushed.every((each) => each.destination !== destination),
  );
}

/** What solves the problem of a push is in the sheet that pushes again. */
function pushHandlers(reference: string, destination: string): ActionHandlers {
  const show = (): void => openSheet({ sheet: 'push', reference, destination });
  return { 'sign-in': show, 'push-without-tls': show };
}

function Entries({ build, list }: { build: Build; list: ManifestList }) {
  const stored = useImages((state) => state.lists);
  const entries = useMemo(
    () => list.entries.map((entry) => ({ entry, layers: imageLayers(entry, list, stored) })),
    [list, stored],
  );
  const largest = Math.max(1, ...list.entries.map(({ size }) => size));
  return (
    <table className={styles.entries} aria-label="Images in the manifest list">
      <thead>
        <tr>
          <th scope="col">Platform</th>
          <th scope="col">Digest</th>
          <th scope="col" className={styles.end}>
            Size
          </th>
          <th scope="col" className={styles.layersHeader}>
            Layers
            <LayerLegend />
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ entry, layers }) => {
          const job = build.jobs.find(({ platform }) => platform === entry.platform);
          return (
            <tr key={entry.platform}>
              <th scope="row">
                {formatPlatform(entry.platform)}
                {job && <span className={styles.note}> {job.foundIn ? foundInTexts[job.foundIn] : job.node}</span>}
              </th>
              <td>
                <Copyable text={entry.digest} shown={formatDigest(entry.digest)} what={`digest of ${entry.platform}`} />
              </td>
              <td className={styles.end}>{formatBytes(entry.size)}</td>
              <td className={styles.layersCell}>
                <LayerBar layers={layers} share={entry.size / largest} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
