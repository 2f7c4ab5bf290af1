import { formatCount } from '../../../shared/format.ts';
import type { Project } from '../../../shared/project.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import styles from './NewBuild.module.css';

interface ContainerfileErrorsProps {
  readonly errors: Project['errors'];
  readonly isLoading: boolean;
  /** Reads the project again. */
  readonly onReload: () => void;
}

/** So many errors are listed. */
const maxShown = 5;

/** Why no engine can build the Containerfile. Nothing if there is no reason. */
export function ContainerfileErrors({ errors, isLoading, onReload }: ContainerfileErrorsProps) {
  if (errors.length === 0) {
    return null;
  }
  return (
    <div className={styles.errors} role="alert">
      <ul aria-label="Errors in the Containerfile">
        {errors.slice(0, maxShown).map(({ line, message, fix }) => (
          <li key={`${line} ${message}`}>
            <Icon name="warning" size={14} className={styles.errorIcon} />
            <div>
              <p>{message}</p>
              <p className={styles.secondary}>
                <FixText text={fix} />
              </p>
            </div>
          </li>
        ))}
      </ul>
      <div className={styles.errorsEnd}>
        {errors.length > maxShown && <span>And {formatCount(errors.length - maxShown, 'more error')}.</span>}
        <Button size="small" icon="refresh" busy={isLoading} onClick={onReload}>
          Check again
        </Button>
      </div>
    </div>
  );
}
