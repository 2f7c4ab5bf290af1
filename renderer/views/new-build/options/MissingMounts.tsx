import type { RequestOptionName } from '../../../../shared/build-options.ts';
import type { SourceMount } from '../../../../shared/project.ts';
import { Button } from '../../../parts/Button.tsx';
import { focusLater } from '../../../parts/focus-later.ts';
import { Icon } from '../../../parts/Icon.tsx';
import { recall, rememberValue } from '../../../stores/memory.ts';
import styles from '../NewBuild.module.css';
import { enterOption, nextId, type OptionDraft, rowsOf } from './option-draft.ts';
import { groupsMemory, sectionMemory } from './option-memory.ts';

const options = { secret: 'secrets', ssh: 'ssh' } as const satisfies Record<SourceMount['kind'], RequestOptionName>;

interface MissingMountsProps {
  readonly mounts: readonly SourceMount[];
  readonly draft: OptionDraft;
  readonly onChange: (change: (before: OptionDraft) => OptionDraft) => void;
}

/** The secrets and SSH agents that the Containerfile mounts and the build does not have. Nothing if it has all. */
export function MissingMounts({ mounts, draft, onChange }: MissingMountsProps) {
  const missing = mounts.filter(({ kind, id }) => rowsOf(draft, options[kind]).every(({ name }) => name !== id));
  if (missing.length === 0) {
    return null;
  }
  function add({ kind, id }: SourceMount): void {
    const option = options[kind];
    rememberValue(sectionMemory, true);
    rememberValue(groupsMemory, [...recall(groupsMemory).filter((group) => group !== 'secrets'), 'secrets']);
    onChange((before) => {
      const rows = rowsOf(before, option);
      return enterOption(before, option, [...rows, { id: nextId(rows), name: id, value: '' }]);
    });
    focusLater(() => lastField(option));
  }
  return (
    <ul className={styles.mountList} aria-label="Secrets that the Containerfile mounts and the build does not have">
      {missing.map((mount) => (
        <li key={`${mount.kind} ${mount.id}`}>
          <Icon
            name={mount.isRequired ? 'warning' : 'info'}
            size={14}
            className={mount.isRequired ? styles.requiredMountIcon : styles.mountIcon}
          />
          <p>{mountText(mount)}</p>
          <Button size="small" kind="quiet" icon="plus" onClick={() => add(mount)}>
            {mount.kind === 'secret' ? `Add ${mount.id}` : `Add SSH agent ${mount.id}`}
          </Button>
        </li>
      ))}
    </ul>
  );
}

function mountText({ kind, id, isRequired }: SourceMount): string {
  if (kind === 'secret') {
    return isRequired
      ? `The Containerfile mounts the secret ${id}. Its step fails without it.`
      : `The Containerfile mounts the secret ${id}, which the build does not have.`;
  }
  return isRequired
    ? `The Containerfile mounts the SSH agent ${id}. Its step fails without it.`
    : `The Containerfile mounts the SSH agent ${id}, which the build does not have.`;
}

/** The field for the value of what was added. */
function lastField(option: RequestOptionName): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>(`[data-option='${option}'] input:not([aria-hidden])`)].at(-1);
}
