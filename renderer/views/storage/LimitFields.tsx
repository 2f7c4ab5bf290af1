import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { agesWith, keepError, type RulesDraft } from './prune-rules.ts';
import styles from './Storage.module.css';

interface LimitFieldsProps {
  readonly draft: RulesDraft;
  readonly onChange: (draft: RulesDraft) => void;
}

/** How old what a prune removes must be, and how much stays. */
export function LimitFields({ draft, onChange }: LimitFieldsProps) {
  const error = keepError(draft);
  return (
    <div className={styles.limits}>
      <Select
        label="Last used"
        value={draft.age}
        options={agesWith(draft.age)}
        onChange={(age) => onChange({ ...draft, age })}
      />
      <TextField
        label="Keep on each node"
        optional
        placeholder="20 GB"
        value={draft.keep}
        onChange={(keep) => onChange({ ...draft, keep })}
        {...(error ? { error } : {})}
      />
    </div>
  );
}
