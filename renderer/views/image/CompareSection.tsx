import { useState } from 'react';
import { Button } from '../../parts/Button.tsx';
import { Select } from '../../parts/Select.tsx';
import { useImages } from '../../stores/images.ts';
import { navigate } from '../../stores/navigation.ts';
import styles from '../compare/Compare.module.css';
import { Compared } from '../compare/CompareView.tsx';
import type { ImageSectionProps } from './section-props.ts';

/** Compares an image with another one of local storage. */
export function CompareSection({ reference }: ImageSectionProps) {
  const lists = useImages((state) => state.lists);
  const repository = reference.slice(0, reference.lastIndexOf(':'));
  const others = lists
    .map((list) => list.reference)
    .filter((other) => other !== reference)
    .sort((one, other) => Number(other.startsWith(`${repository}:`)) - Number(one.startsWith(`${repository}:`)));
  const [chosen, setChosen] = useState(others.find((other) => other.startsWith(`${repository}:`)));
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        {others.length > 0 && (
          <Select
            label="Compare with"
            value={chosen ?? ''}
            options={[
              ...(chosen === undefined ? [{ value: '', label: 'Choose an image' }] : []),
              ...others.map((value) => ({ value, label: value })),
            ]}
            onChange={(value) => setChosen(value || undefined)}
          />
        )}
        <Button onClick={() => navigate({ view: 'compare', b: reference, ...(chosen ? { a: chosen } : {}) })}>
          With an image in a registry…
        </Button>
      </div>
      <Compared a={chosen} b={reference} />
    </div>
  );
}
