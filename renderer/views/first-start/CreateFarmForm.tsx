import { type FormEvent, useState } from 'react';
import { formatCount, formatList } from '../../../shared/format.ts';
import { contextName } from '../../../shared/git-url.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { createFarm } from '../../stores/farms.ts';
import { CoverageList } from '../farm/CoverageList.tsx';
import { farmNameError } from '../farm/RenameFarmDialog.tsx';
import { useFarmNodes } from '../farm/use-farm-nodes.ts';
import { createFarmLabel } from './engines.ts';
import styles from './FirstStart.module.css';

export interface CreateFarmFormProps {
  readonly defaultName: string;
  readonly takenNames: readonly string[];
  readonly selected: readonly string[];
  /** A folder that was dropped before the farm exists. It is built when the farm has been created. */
  readonly project: string | undefined;
  readonly onCreated: (name: string) => void;
}

/** Creates a farm of the selected connections. */
export function CreateFarmForm({ defaultName, takenNames, selected, project, onCreated }: CreateFarmFormProps) {
  const [name, setName] = useState(defaultName);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const { coverage, down, unknown } = useFarmNodes(selected);
  const error = farmNameError(name, takenNames);

  async function create(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (error || busy || selected.length === 0) {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await createFarm({ name, connections: [...selected], makeDefault: takenNames.length === 0 });
      onCreated(name);
    } catch (cause) {
      setProblem(problemOf(cause));
      setBusy(false);
    }
  }

  return (
    <form className={styles.foot} onSubmit={(event) => void create(event)} aria-label="Create farm" noValidate>
      <div className={styles.footColumn}>
        {problem && <ProblemNote problem={problem} />}
        <div className={styles.footRow}>
          <div className={styles.farmName}>
            <TextField label="Farm name" value={name} onChange={setName} error={error} />
          </div>
          <Button type="submit" kind="primary" size="large" busy={busy} disabled={selected.length === 0 || !!error}>
            {createFarmLabel(selected.length)}
          </Button>
        </div>
        <div className={styles.coverage}>
          {coverage.length > 0 && <CoverageList coverage={coverage} isHighlighted={false} />}
          <p className={styles.secondary}>
            {selected.length === 0
              ? 'Turn on at least one engine.'
              : unknown.length > 0
                ? `Checking what ${unknown.length > 3 ? formatCount(unknown.length, 'engine') : formatList(unknown)} can build`
                : down.length > 0
                  ? `${formatList(down)} can join now, and will build as soon as the connection works.`
                  : null}
            {project !== undefined && ` ${contextName(project)} will be built on the new farm.`}
          </p>
        </div>
      </div>
    </form>
  );
}
