import type { RefObject } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { parseReference } from '../../../shared/image.ts';
import type { Suggestions } from '../../../shared/suggested-references.ts';
import { TextField } from '../../parts/TextField.tsx';
import styles from './NewBuild.module.css';
import { referenceError } from './reference.ts';

interface ReferenceSectionProps {
  /** Whether the image is stored on this computer. */
  readonly isStored: boolean;
  readonly value: string;
  readonly suggestions: Suggestions;
  readonly onChange: (reference: string) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

/** Describes the tag of a reference, if it is implicit, and where the image can be pushed. */
function describeReference(text: string, isStored: boolean): string {
  const parsed = parseReference(text.trim());
  if (typeof parsed === 'string') {
    return '';
  }
  const { registry, tag } = parsed;
  const tagText = /:[^/]*$/.test(text) ? '' : `Tag ${tag}. `;
  if (!isStored) {
    return `${tagText}Stored in the registry only.`;
  }
  return registry === undefined
    ? `${tagText}Local name. You choose the destination when you push.`
    : `${tagText}Stored on this computer, ready to push to ${registry}.`;
}

export function ReferenceSection({ value, suggestions, onChange, input, isStored }: ReferenceSectionProps) {
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
        description={error ? undefined : describeReference(value, isStored)}
      />
      {suggestions.others.length > 0 && (
        <ul className={styles.suggestions} aria-label="Suggested image names">
          {[{ reference: suggestions.first, isNext: false }, ...suggestions.others]
            .filter(({ reference }) => reference !== value)
            .slice(0, 4)
            .map(({ reference, isNext }) => (
              <li key={reference}>
                <button type="button" title={reference} onClick={() => onChange(reference)}>
                  {formatReferenceShort(reference)}
                  {isNext && <span className={styles.suggestionNote}>next</span>}
                </button>
              </li>
            ))}
        </ul>
      )}
    </div>
  );
}
