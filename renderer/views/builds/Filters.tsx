import type { RefObject } from 'react';
import { Segmented } from '../../parts/Segmented.tsx';
import { Select } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { replaceView } from '../../stores/navigation.ts';
import styles from './BuildsView.module.css';
import type { Project } from './rows.ts';

/** Which outcomes are shown. Running builds are shown for `all` only. */
export type Outcome = 'all' | 'done' | 'failed' | 'cancelled' | 'interrupted';

const outcomes = [
  { value: 'all', label: 'All' },
  { value: 'done', label: 'Done' },
  { value: 'failed', label: 'Failed' },
  { value: 'cancelled', label: 'Cancelled' },
  { value: 'interrupted', label: 'Interrupted' },
] as const;

/** The option for all projects. Other options are absolute paths, so they cannot have this value. */
const allProjects = 'all';

export interface FiltersProps {
  readonly searchRef: RefObject<HTMLInputElement | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly outcome: Outcome;
  readonly onOutcome: (outcome: Outcome) => void;
  /** The context folder of the selected project. It is part of the route, so that the builds of a project have a link. */
  readonly project: string | undefined;
  readonly projects: readonly Project[];
}

export function Filters({ searchRef, text, onText, outcome, onOutcome, project, projects }: FiltersProps) {
  return (
    <search className={styles.filters}>
      <TextField
        ref={searchRef}
        className={styles.search ?? ''}
        label="Filter builds"
        hideLabel
        type="search"
        icon="search"
        placeholder="Reference, platform, node…"
        value={text}
        onChange={onText}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && text !== '') {
            event.stopPropagation();
            onText('');
          }
        }}
      />
      <Select
        label="Project"
        hideLabel
        value={project ?? allProjects}
        options={[
          { value: allProjects, label: 'All projects' },
          ...projects.map(({ context, name }) => ({ value: context, label: name, hint: context })),
        ]}
        onChange={(context) => replaceView({ view: 'builds', project: context === allProjects ? undefined : context })}
      />
      <Segmented label="Outcome" value={outcome} options={outcomes} onChange={onOutcome} />
    </search>
  );
}
