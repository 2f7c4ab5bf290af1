import { versionLines, versionText } from '../../shared/version-text.ts';
import { Button } from '../parts/Button.tsx';
import { CopyButton } from '../parts/CopyButton.tsx';
import { Dialog } from '../parts/Dialog.tsx';
import { useSettings } from '../stores/settings.ts';
import styles from './AboutDialog.module.css';

/** What this Barnraiser is, to be copied into a report. */
export function AboutDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const info = useSettings((state) => state.info);
  const build = info?.build;
  return (
    <Dialog
      open={open && build !== undefined}
      onClose={onClose}
      title="About Barnraiser"
      description="Builds one container image on many machines at once."
      footerStart={build && <CopyButton text={versionText(build)} what="version" size="medium" />}
      footer={
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      }
    >
      {build && (
        <dl className={styles.facts}>
          {versionLines(build).map(([label, text]) => (
            <div key={label} className={styles.fact}>
              <dt>{label}</dt>
              <dd>{text}</dd>
            </div>
          ))}
          <div className={styles.fact}>
            <dt>Data folder</dt>
            <dd>{info.home}</dd>
          </div>
        </dl>
      )}
    </Dialog>
  );
}
