import { type FormEvent, useId, useState } from 'react';
import type { CallInput } from '../../../shared/contract.ts';
import type { RawEntry, RawList } from '../../../shared/list-edit.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { TextArea } from '../../parts/TextArea.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useWork } from '../../parts/use-work.ts';
import styles from './List.module.css';
import { annotationDraft, annotationOf, entryName } from './list-changes.ts';

export interface AnnotateDialogProps {
  readonly list: RawList;
  /** Undefined: the list itself. */
  readonly entry: RawEntry | undefined;
  readonly onClose: () => void;
  readonly onChange: (edit: CallInput<'lists.edit'>['edit']) => Promise<void>;
}

/** Changes annotations of a list or of one of its images, and says before what will be changed. */
export function AnnotateDialog({ list, entry, onClose, onChange }: AnnotateDialogProps) {
  const [draft, setDraft] = useState(() => annotationDraft(list, entry));
  const { busy, problem, run } = useWork();
  const form = useId();
  const change = annotationOf(list, entry, draft);
  const isChange = typeof change === 'object';
  const set = (values: Partial<typeof draft>): void => setDraft({ ...draft, ...values });

  function submit(event: FormEvent): void {
    event.preventDefault();
    event.stopPropagation();
    if (isChange && !busy) {
      void run(async () => {
        await onChange(change.edit);
        onClose();
      });
    }
  }

  return (
    <Dialog
      open
      wide
      required
      onClose={onClose}
      title={entry ? `Annotate ${entryName(entry)}` : 'Annotate the list'}
      description="The list gets another digest. The images stay as they are."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form={form}
            busy={busy}
            busyLabel="Changing…"
            reason={!isChange ? 'Nothing is changed yet.' : undefined}
          >
            Change list
          </Button>
        </>
      }
    >
      <form id={form} className={styles.form} onSubmit={submit}>
        <TextArea
          label="Annotations"
          value={draft.annotations}
          onChange={(annotations) => set({ annotations })}
          placeholder="org.opencontainers.image.title=api"
          description="One a line: KEY=VALUE."
          error={typeof change === 'string' ? change : undefined}
        />
        {entry && (
          <div className={styles.fields}>
            <TextField
              label="Variant"
              value={draft.variant}
              onChange={(variant) => set({ variant })}
              placeholder="v8"
            />
            <TextField
              label="Version of the system"
              value={draft.osVersion}
              onChange={(osVersion) => set({ osVersion })}
              placeholder="10.0.20348.2113"
            />
            <TextField
              label="Features of the system"
              value={draft.osFeatures}
              onChange={(osFeatures) => set({ osFeatures })}
              placeholder="win32k"
            />
          </div>
        )}
        <section className={styles.changes} aria-label="What will be changed">
          {isChange ? (
            <ul>
              {change.changes.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          ) : (
            <p className={styles.hint}>Nothing is changed yet.</p>
          )}
        </section>
        {problem && <ProblemNote problem={problem} />}
      </form>
    </Dialog>
  );
}
