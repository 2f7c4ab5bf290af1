import { formatCount } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import styles from './BuildsView.module.css';

export interface SelectionBarProps {
  readonly ids: readonly string[];
  readonly onCompare: (ids: readonly [string, string]) => void;
  readonly onDelete: () => void;
  readonly onClear: () => void;
}

/** The toolbar with the actions for the selected builds. */
export function SelectionBar({ ids, onCompare, onDelete, onClear }: SelectionBarProps) {
  const [first, second] = ids;
  return (
    <div className={styles.selection} role="toolbar" aria-label="Selected builds">
      <span className={styles.count}>{formatCount(ids.length, 'build')} selected</span>
      <Button
        icon="compare"
        disabled={ids.length !== 2}
        onClick={() => {
          if (first !== undefined && second !== undefined) {
            onCompare([first, second]);
          }
        }}
      >
        {ids.length === 2 ? 'Compare' : 'Select two to compare'}
      </Button>
      <Button icon="trash" onClick={onDelete}>
        Delete…
      </Button>
      <Button kind="quiet" onClick={onClear}>
        Clear selection
      </Button>
    </div>
  );
}
