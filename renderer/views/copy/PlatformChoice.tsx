import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/failure.ts';
import { formatImageLocation } from '../../../shared/image-location.ts';
import { call } from '../../api.ts';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './Copy.module.css';
import { type CopyDraft, sourceOf } from './copy-draft.ts';

const choices = [
  { value: 'all', label: 'All platforms' },
  { value: 'some', label: 'Some' },
] as const;

export interface PlatformChoiceProps {
  readonly draft: CopyDraft;
  readonly onChange: (platforms: readonly string[] | undefined) => void;
}

/** All platforms of the source, or some of those that its list has. The list is read when they are to be chosen. */
export function PlatformChoice({ draft, onChange }: PlatformChoiceProps) {
  const { platforms } = draft;
  return (
    <section className={styles.group} aria-label="Platforms">
      <h3 className={styles.heading}>Platforms</h3>
      <div>
        <Segmented
          label="Platforms"
          value={platforms ? 'some' : 'all'}
          options={choices}
          onChange={(value) => onChange(value === 'all' ? undefined : [])}
        />
      </div>
      {platforms && <ListedPlatforms draft={draft} chosen={platforms} onChange={onChange} />}
    </section>
  );
}

interface ListedPlatformsProps extends PlatformChoiceProps {
  readonly chosen: readonly string[];
}

function ListedPlatforms({ draft, chosen, onChange }: ListedPlatformsProps) {
  const { insecure, login, username, password } = draft;
  const source = sourceOf(draft);
  const image = source && formatImageLocation({ kind: 'registry', ...source });
  const [found, setFound] = useState<readonly string[]>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    if (image === undefined) {
      return undefined;
    }
    const controller = new AbortController();
    setFound(undefined);
    setProblem(undefined);
    const credentials = login === 'entered' && password !== '' ? { credentials: { username, password } } : {};
    // what is being typed is not asked for
    const timer = setTimeout(() => {
      call('lists.inspect', { image, tlsVerify: !insecure, ...credentials }, { signal: controller.signal }).then(
        ({ entries }) =>
          setFound([
            ...new Set(entries.flatMap(({ platform, describes }) => (describes || !platform ? [] : [platform]))),
          ]),
        (error: unknown) => controller.signal.aborted || setProblem(problemOf(error)),
      );
    }, 500);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [image, insecure, login, username, password]);
  if (image === undefined) {
    return <p className={styles.hint}>Enter the image first.</p>;
  }
  if (problem) {
    return <ProblemNote problem={problem} />;
  }
  if (!found) {
    return <Waiting>Reading the list</Waiting>;
  }
  if (found.length === 0) {
    return <p className={styles.hint}>It is a single image, not a list.</p>;
  }
  return (
    <div className={styles.platforms}>
      {found.map((platform) => (
        <Checkbox
          key={platform}
          label={platform}
          checked={chosen.includes(platform)}
          onChange={(isChosen) =>
            onChange(found.filter((each) => (each === platform ? isChosen : chosen.includes(each))))
          }
        />
      ))}
    </div>
  );
}
