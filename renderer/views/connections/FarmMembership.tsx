import { useState } from 'react';
import { formatCount } from '../../../shared/format.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { Checkbox } from '../../parts/Checkbox.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { updateFarm, useFarms } from '../../stores/farms.ts';
import { hrefOf, navigate } from '../../stores/navigation.ts';
import styles from './FarmMembership.module.css';

/** Lists all farms with a checkbox that adds the connection to the farm or removes it, immediately. */
export function FarmMembership({ name }: { name: string }) {
  const { farms, default: defaultFarm } = useFarms();
  const [problem, setProblem] = useState<Problem>();

  function change(farm: string, isMember: boolean): void {
    setProblem(undefined);
    updateFarm({ name: farm, ...(isMember ? { add: [name] } : { remove: [name] }) }).catch((error: unknown) =>
      setProblem(problemOf(error)),
    );
  }

  return (
    <section aria-labelledby="farms-of-connection" className={styles.section}>
      <h3 id="farms-of-connection" className={styles.heading}>
        Farms
      </h3>
      {problem && <ProblemNote problem={problem} />}
      {farms.length === 0 ? (
        <div className={styles.none}>
          There is no farm yet. Builds in a terminal use all connections then.
          <Button size="small" onClick={() => navigate({ view: 'first-start' })}>
            Create farm…
          </Button>
        </div>
      ) : (
        <ul className={styles.farms}>
          {farms.map((farm) => (
            <li key={farm.name} className={styles.farm}>
              <Checkbox
                label={farm.name}
                checked={farm.connections.includes(name)}
                onChange={(checked) => change(farm.name, checked)}
              />
              <span className={styles.quiet}>
                {formatCount(farm.connections.length, 'node')}
                {farm.name === defaultFarm && ', default'}
              </span>
              <a href={hrefOf({ view: 'farm', name: farm.name })} aria-label={`Open farm ${farm.name}`}>
                Open
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
