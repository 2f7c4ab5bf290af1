import type { RegistryCheck, RegistryStep } from '../../../shared/registry.ts';
import { type DisplayPhase, PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import styles from './Registries.module.css';

/** @texts */
const names: Readonly<Record<RegistryStep['id'], string>> = {
  address: 'Address',
  tls: 'Certificate',
  api: 'API',
  'sign-in': 'Sign-in',
  pull: 'Pull',
  push: 'Push',
};

const phases: Readonly<Record<RegistryStep['status'], { readonly phase: DisplayPhase; readonly word: string }>> = {
  passed: { phase: 'done', word: 'Passed' },
  warning: { phase: 'warning', word: 'Warning' },
  failed: { phase: 'failed', word: 'Failed' },
  skipped: { phase: 'waiting', word: 'Not tried' },
};

/** What a check of a registry has found, step by step. */
export function RegistryCheckSteps({ check }: { check: RegistryCheck }) {
  return (
    <ol className={styles.steps} aria-label={`Check of ${check.name}`}>
      {check.steps.map(({ id, status, text, facts = [], problem }) => {
        const { phase, word } = phases[status];
        return (
          <li key={id} className={styles.step}>
            <PhaseGlyph phase={phase} />
            <span className={styles.stepName}>
              {names[id]}
              <span className="visually-hidden">: {word}</span>
            </span>
            <div className={styles.finding}>
              <p>{text}</p>
              {problem && (
                <p className={styles.fix}>
                  <FixText text={problem.fix} />
                </p>
              )}
              {facts.length > 0 && (
                <dl className={styles.stepFacts}>
                  {facts.map(({ name, value }) => (
                    <div key={`${name} ${value}`}>
                      <dt>{name}</dt>
                      <dd>{value}</dd>
                    </div>
                  ))}
                </dl>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
