import type { RefObject } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { parseReference } from '../../../shared/image.ts';
import { TextField } from '../../parts/TextField.tsx';
import styles from './NewBuild.module.css';
import type { Suggestions } from './reference.ts';

interface ReferenceSectionProps {
  readonly value: string;
  readonly suggestions: Suggestions;
  readonly onChange: (reference: string) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

/** What is wrong with a reference, in a sentence; undefined where nothing is. */
export function referenceError(text: string): string | undefined {
  if (text.trim() === '') {
    return 'Give the image a name, as api:1.4 or registry.example.com/team/api:1.4.';
  }
  const parsed = parseReference(text.trim());
  return typeof parsed === 'string' ? parsed : undefined;
}

/** Where an image of that name could go, in words. */
function meaning(text: string): string {
  const parsed = parseReference(text.trim());
  if (typeof parsed === 'string') {
    return '';
  }
  const { registry, tag } = parsed;
  const from = /:[^/]*$/.test(text) ? '' : `Tag ${tag}. `;
  return registry === undefined
    ? `${from}A local name; a push asks where to.`
    : `${from}Kept here first, and ready to be pushed to ${registry}.`;
}

export function ReferenceSection({ value, suggestions, onChange, input }: ReferenceSectionProps) {
  const error = referenceError(value);
  return (
    <div className={styles.section}>
      <TextField
        ref={input}
        label="Image"
        mono
        value={value}
        onChange={onChange}
        error={error}
        description={error ? undefined : meaning(value)}
      />
      {suggestions.others.length > 0 && (
        <ul className={styles.suggestions} aria-label="Other names for the image">
          {[{ reference: suggestions.first, isNext: false }, ...suggestions.others]
            .filter(({ reference }) => reference !== value)
            .slice(0, 4)
            .map(({ reference, isNext }) => (
              <li key={reference}>
                <button type="button" title={reference} onClick={() => onChange(reference)}>
                  {formatReferenceShort(reference)}
                  {isNext && <span className={styles.why}>next</span>}
                </button>
              </li>
            ))}
        </ul>
      )}
    </div>
  );
}
