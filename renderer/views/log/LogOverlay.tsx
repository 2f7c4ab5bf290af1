import { formatCount } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import styles from './Log.module.css';

export interface LogOverlayProps {
  /** The first and the last selected line. */
  readonly selectedRange: readonly [number, number] | undefined;
  readonly newLineCount: number;
  readonly onCopy: (first: number, last: number) => void;
  readonly onClearSelection: () => void;
  readonly onFollow: () => void;
}

/** The buttons over the lines of a log: for the selected lines, and for new lines at the end. */
export function LogOverlay({ selectedRange, newLineCount, onCopy, onClearSelection, onFollow }: LogOverlayProps) {
  return (
    <div className={styles.overlay}>
      {selectedRange && (
        <div className={styles.selection}>
          {formatCount(selectedRange[1] - selectedRange[0] + 1, 'line')}
          <Button size="small" icon="copy" onClick={() => onCopy(...selectedRange)}>
            Copy
          </Button>
          <IconButton icon="cross" label="Clear selection" size="small" onClick={onClearSelection} />
        </div>
      )}
      {newLineCount > 0 && (
        <button type="button" className={styles.newLines} onClick={onFollow}>
          {formatCount(newLineCount, 'new line')}
          <Icon name="down" size={14} />
        </button>
      )}
    </div>
  );
}
