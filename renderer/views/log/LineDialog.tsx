import { formatCount, formatNumber } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { toast, toastProblem } from '../../stores/toasts.ts';
import styles from './Log.module.css';
import { plainText } from './line-text.ts';
import type { LoggedStep } from './logged-steps.ts';

export interface LineDialogProps {
  readonly line: number;
  readonly raw: string;
  readonly step: LoggedStep | undefined;
  readonly onClose: () => void;
}

/** Shows a line in full and wrapped, if it is too long for the list. */
export function LineDialog({ line, raw, step, onClose }: LineDialogProps) {
  const text = plainText(raw);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Line ${formatNumber(line + 1)}`}
      description={step && `Step ${step.index} of ${step.total}: ${step.name}`}
      footerStart={formatCount(text.length, 'character')}
      footer={
        <Button
          kind="primary"
          icon="copy"
          onClick={() => {
            navigator.clipboard.writeText(text).then(() => toast({ title: 'Copied line', kind: 'done' }), toastProblem);
          }}
        >
          Copy line
        </Button>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: focusable, so that keys can scroll it */}
      <pre className={styles.fullLine} tabIndex={0}>
        {text}
      </pre>
    </Dialog>
  );
}
