import { useEffect, useState } from 'react';
import type { BaseImages } from '../../../shared/base-image.ts';
import type { Build } from '../../../shared/build.ts';
import { formatList } from '../../../shared/format.ts';
import { newerBases } from '../../../shared/newer-bases.ts';
import { call, subscribe } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { openRebuildSheet } from './build-actions.ts';
import styles from './Result.module.css';

/** Says that registries have newer base images than a build has used, as far as they were asked. Nothing is asked for it. */
export function NewerBases({ build: { id, jobs } }: { build: Build }) {
  const [bases, setBases] = useState<BaseImages>();
  const isKnown = jobs.some(({ materials }) => materials !== undefined);
  useEffect(() => {
    if (!isKnown) {
      return undefined;
    }
    let isMounted = true;
    // it is only a hint
    call('bases.list', {}).then(
      (found) => isMounted && setBases(found),
      () => undefined,
    );
    const stop = subscribe((event) => {
      if (event.event === 'bases.changed') {
        setBases(event.bases);
      }
    });
    return () => {
      isMounted = false;
      stop();
    };
  }, [isKnown]);
  const newer = bases ? newerBases(bases, id) : [];
  if (newer.length === 0) {
    return null;
  }
  return (
    <p className={styles.newer}>
      <Icon name="refresh" />
      <span>
        {newer.length === 1
          ? `The registry has a newer ${newer[0]} than this build has used.`
          : `The registries have newer base images than this build has used: ${formatList(newer)}.`}
      </span>
      <Button size="small" onClick={() => openRebuildSheet(id, 'pull-newer')}>
        Build again…
      </Button>
    </p>
  );
}
