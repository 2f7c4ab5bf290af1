import { formatNumber } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { toast, toastProblem } from '../../stores/toasts.ts';
import styles from './Log.module.css';
import { plainText } from './line-text.ts';
import type { StepStart } from './step-index.ts';

export interface LineDialogProps {
  readonly line: number;
  readonly raw: string;
  readonly step: StepStart | undefined;
  readonly onClose: () => void;
}

/** A line that is too long for the list, whole and wrapped. */
export function LineDialog({ line, raw, step, onClose }: LineDialogProps) {
  const text = plainText(raw);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Line ${formatNumber(line + 1)}`}
      description={step && `Step ${step.index} of ${step.total}: ${step.text}`}
      footerStart={`${formatNumber(text.length)} characters`}
      footer={
        <Button
          kind="primary"
          icon="copy"
          onClick={() => {
            navigator.clipboard
              .writeText(text)
              .then(() => toast({ title: 'Copied the line', kind: 'done' }), toastProblem);
          }}
        >
          Copy line
        </Button>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to scroll it */}
      <pre className={styles.whole} tabIndex={0}>
        {text}
      </pre>
    </Dialog>
  );
}
