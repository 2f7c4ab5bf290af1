import { useEffect, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { registryPrefix } from '../../../shared/image-location.ts';
import { lostPlatforms, lostText } from '../../../shared/lost-platforms.ts';
import { call } from '../../api.ts';
import { Icon } from '../../parts/Icon.tsx';
import styles from './Push.module.css';

/** A destination is looked up when it was not changed for so long, in milliseconds. */
const settleMs = 600;

interface LostPlatformsProps {
  readonly list: ManifestList;
  /** Valid ones. */
  readonly destinations: readonly string[];
  readonly access: Pick<CallInput<'lists.inspect'>, 'tlsVerify' | 'credentials'>;
}

/** What the lists in registries have that a push would replace without it. Nothing is said of what cannot be read. */
export function LostPlatforms({ list, destinations, access }: LostPlatformsProps) {
  const [texts, setTexts] = useState<readonly string[]>([]);
  const key = JSON.stringify({ destinations, access });
  useEffect(() => {
    const ended = new AbortController();
    const timer = setTimeout(async () => {
      const wanted: Pick<LostPlatformsProps, 'destinations' | 'access'> = JSON.parse(key);
      const found = await Promise.all(
        wanted.destinations
          .map(async (destination) => {
            const input = { image: `${registryPrefix}${destination}`, ...wanted.access };
            const lost = lostPlatforms(await call('lists.inspect', input, { signal: ended.signal }), list);
            const where = wanted.destinations.length > 1 ? `${destination}: ` : '';
            return lost.length > 0 ? `${where}${lostText(lost)}` : [];
          })
          .map((text) => text.catch(() => [])),
      );
      if (!ended.signal.aborted) {
        setTexts(found.flat());
      }
    }, settleMs);
    return () => {
      clearTimeout(timer);
      ended.abort();
      setTexts([]);
    };
  }, [list, key]);
  return texts.map((text) => (
    <output key={text} className={styles.lost}>
      <Icon name="warning" size={14} />
      <span>{text}</span>
    </output>
  ));
}
