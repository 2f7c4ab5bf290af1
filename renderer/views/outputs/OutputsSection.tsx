import { useEffect, useState } from 'react';
import { formatCount } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { CollapsibleSection } from '../new-build/CollapsibleSection.tsx';
import { OutputFields } from './OutputFields.tsx';
import styles from './Outputs.module.css';
import {
  checkOutput,
  describeOutput,
  draftOf,
  lastOutputFolder,
  type OutputDraft,
  outputPath,
  rememberOutputFolder,
} from './output-draft.ts';

interface OutputsSectionProps {
  readonly outputs: readonly string[];
  readonly reference: string;
  readonly platforms: readonly Platform[];
  readonly onChange: (outputs: readonly string[]) => void;
}

/** Where the image of a new build goes besides local storage. */
export function OutputsSection({ outputs, reference, platforms, onChange }: OutputsSectionProps) {
  /** The output that is edited, with its place in the list. */
  const [edited, setEdited] = useState<{ readonly draft: OutputDraft; readonly at: number }>();
  const text = edited && checkOutput(edited.draft).text;

  const lacksFolder = edited !== undefined && edited.draft.path === '' && lastOutputFolder() === '';
  useEffect(() => {
    if (lacksFolder) {
      // the home folder is only a suggestion, so a failure is ignored
      call('folders.list', {}).then(
        ({ path: home }) => setEdited((now) => now && { ...now, draft: withFolder(now.draft, home, reference) }),
        () => undefined,
      );
    }
  }, [lacksFolder, reference]);

  function begin(at: number): void {
    const given = outputs[at];
    const draft = given === undefined ? undefined : draftOf(given);
    setEdited({ at, draft: draft ?? newDraft(reference) });
  }

  function finish(): void {
    if (edited && text !== undefined) {
      const { path } = edited.draft;
      if (path !== '') {
        rememberOutputFolder(path);
      }
      const others = outputs.filter((_, index) => index !== edited.at);
      onChange([...new Set([...others.slice(0, edited.at), text, ...others.slice(edited.at)])]);
      setEdited(undefined);
    }
  }

  return (
    <CollapsibleSection title="Outputs" summary={summaryOf(outputs)}>
      <p className={styles.more}>The image goes to local storage. Outputs write it elsewhere, too, when it is built.</p>
      <ul className={styles.list}>
        {outputs.map((output, index) => {
          const { label, where } = describeOutput(output);
          return (
            <li key={output} className={styles.chosen}>
              <span className={styles.label}>{label}</span>
              <span className={styles.where} title={where}>
                {where}
              </span>
              <IconButton icon="edit" size="small" label={`Edit ${label} ${where}`} onClick={() => begin(index)} />
              <IconButton
                icon="cross"
                size="small"
                label={`Remove ${label} ${where}`}
                onClick={() => onChange(outputs.filter((each) => each !== output))}
              />
            </li>
          );
        })}
      </ul>
      {edited ? (
        <form
          className={styles.add}
          onSubmit={(event) => {
            event.preventDefault();
            finish();
          }}
        >
          <OutputFields
            draft={edited.draft}
            onChange={(draft) => setEdited({ ...edited, draft })}
            reference={reference}
            platforms={platforms}
          />
          <div className={styles.buttons}>
            <Button type="submit" disabled={text === undefined}>
              {edited.at < outputs.length ? 'Change output' : 'Add output'}
            </Button>
            <Button kind="quiet" onClick={() => setEdited(undefined)}>
              Cancel
            </Button>
          </div>
        </form>
      ) : (
        <div className={styles.buttons}>
          <Button icon="plus" onClick={() => begin(outputs.length)}>
            Add output
          </Button>
        </div>
      )}
    </CollapsibleSection>
  );
}

/** With a path in the folder, if the kind has one and none was typed. */
function withFolder(draft: OutputDraft, folder: string, reference: string): OutputDraft {
  return draft.path === '' ? { ...draft, path: outputPath(folder, reference, draft.kind) } : draft;
}

function newDraft(reference: string): OutputDraft {
  const kind = 'oci-archive';
  return { kind, path: outputPath(lastOutputFolder(), reference, kind), node: '', name: '', platforms: [] };
}

function summaryOf(outputs: readonly string[]): string {
  const labels = outputs.map((output) => describeOutput(output).label);
  return labels.length === 0
    ? 'Local storage'
    : labels.length > 2
      ? formatCount(labels.length, 'output')
      : labels.join(', ');
}
