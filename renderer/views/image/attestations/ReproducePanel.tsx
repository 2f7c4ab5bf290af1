import { useEffect, useRef, useState } from 'react';
import { formatCount, formatPlatform } from '../../../../shared/format.ts';
import { type Problem, problemOf } from '../../../../shared/problem.ts';
import type { Reproduction } from '../../../../shared/reproduction.ts';
import { call } from '../../../api.ts';
import { Button } from '../../../parts/Button.tsx';
import { classes } from '../../../parts/classes.ts';
import { Icon } from '../../../parts/Icon.tsx';
import { ProblemNote } from '../../../parts/ProblemNote.tsx';
import { Waiting } from '../../../parts/Spinner.tsx';
import { navigate } from '../../../stores/navigation.ts';
import styles from './Attestations.module.css';

/** Builds an image again and compares. Leaving the section cancels it. */
export function ReproducePanel({ reference }: { reference: string }) {
  const [isRunning, setRunning] = useState(false);
  const [result, setResult] = useState<Reproduction>();
  const [problem, setProblem] = useState<Problem>();
  const cancel = useRef<AbortController>(undefined);
  useEffect(() => () => cancel.current?.abort(), []);

  async function reproduce(): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    cancel.current = controller;
    setRunning(true);
    setProblem(undefined);
    setResult(undefined);
    try {
      setResult(await call('images.reproduce', { reference }, { signal }));
    } catch (error) {
      if (!signal.aborted) {
        setProblem(problemOf(error));
      }
    } finally {
      setRunning(false);
    }
  }

  return (
    <section className={styles.statement} aria-label="Reproduce">
      <h2>Reproduce</h2>
      <p className={styles.quiet}>
        Builds the image again without cache, under a temporary name, and says what differs. The image stays as it is.
      </p>
      {problem && <ProblemNote problem={problem} />}
      {isRunning ? (
        <div className={styles.running}>
          <Waiting>Building the image again. Leaving this section cancels it.</Waiting>
          <Button onClick={() => cancel.current?.abort()}>Cancel</Button>
        </div>
      ) : (
        <div>
          <Button icon="reset" onClick={() => void reproduce()}>
            {result ? 'Reproduce again' : 'Reproduce'}
          </Button>
        </div>
      )}
      {result && <Outcome result={result} />}
    </section>
  );
}

const maxShown = 200;

function Outcome({ result: { isReproduced, platforms, advice, rebuild } }: { result: Reproduction }) {
  return (
    <div className={styles.outcome} role="status" aria-label="Outcome">
      <p className={classes(styles.verdict, isReproduced ? styles.valid : styles.doubtful)}>
        <Icon name={isReproduced ? 'check' : 'warning'} size={14} />
        {isReproduced ? 'The same build gives the same image.' : 'The same build gives another image.'}
      </p>
      <ul className={styles.signed}>
        {platforms.map(({ platform, newDigest, isReproduced: isSame, differences, moreDifferences }) => {
          const more = Math.max(0, differences.length - maxShown) + moreDifferences;
          return (
            <li key={platform}>
              <h2>{formatPlatform(platform)}</h2>
              <p className={styles.quiet}>
                {isSame ? 'The same' : newDigest === undefined ? 'Not built again' : 'Another image'}
              </p>
              {differences.length > 0 && (
                <ul className={styles.dependencies}>
                  {differences.slice(0, maxShown).map(({ part, name, text }) => (
                    <li key={`${part} ${name}`}>
                      <code>{`${part} ${name}`}</code>
                      <span className={styles.quiet}>{text}</span>
                    </li>
                  ))}
                </ul>
              )}
              {more > 0 && <p className={styles.quiet}>and {formatCount(more, 'more difference')}</p>}
            </li>
          );
        })}
      </ul>
      {advice.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <div>
        <Button kind="quiet" size="small" onClick={() => navigate({ view: 'build', id: rebuild })}>
          Show the second build
        </Button>
      </div>
    </div>
  );
}
