import { useEffect, useState } from 'react';
import type { DirectLimit } from '../../../shared/registry.ts';
import { call } from '../../api.ts';
import { Icon } from '../../parts/Icon.tsx';
import styles from './NewBuild.module.css';

/** A destination is looked up when it was not changed for so long, in milliseconds. */
const settleMs = 400;

/** Which settings of a registry nodes do not get that push to it themselves. Nothing is said of what cannot be read. */
export function DirectLimits({ destination, tlsVerify }: { destination: string; tlsVerify: boolean }) {
  const [limits, setLimits] = useState<readonly DirectLimit[]>([]);
  useEffect(() => {
    const ended = new AbortController();
    const timer = setTimeout(() => {
      call('registries.directLimits', { destination, tlsVerify }, { signal: ended.signal }).then(
        setLimits,
        () => undefined,
      );
    }, settleMs);
    return () => {
      clearTimeout(timer);
      ended.abort();
      setLimits([]);
    };
  }, [destination, tlsVerify]);
  return limits.map(({ message, fix }) => (
    <output key={message} className={styles.limit}>
      <Icon name="warning" size={14} />
      <span>
        {message} {fix}
      </span>
    </output>
  ));
}
