import { useState } from 'react';
import { Select, type SelectOption } from '../../parts/Select.tsx';
import { TextField } from '../../parts/TextField.tsx';
import { useFarms } from '../../stores/farms.ts';
import { farmNameError } from '../farm/RenameFarmDialog.tsx';
import { suggestFarmName } from '../first-start/engines.ts';
import styles from './Connections.module.css';

/** The farm that new connections are added to. */
export interface ChosenFarm {
  /** Undefined for none. */
  readonly name: string | undefined;
  readonly isNew: boolean;
  /** Why the name of a new farm is not valid. */
  readonly error: string | undefined;
}

const none = 'none';
const newFarm = 'new';
const valueOfFarm = (farm: string): string => `farm ${farm}`;

/** Which farm new connections are added to: at first the default farm. */
export function useFarmChoice() {
  const { farms, default: defaultFarm } = useFarms();
  const [chosen, setChosen] = useState<string>();
  const [ownName, setOwnName] = useState<string>();
  const names = farms.map(({ name }) => name);
  const values = new Set([none, newFarm, ...names.map(valueOfFarm)]);
  // the chosen farm may have been removed, or just been created
  const value = chosen !== undefined && values.has(chosen) ? chosen : defaultFarm ? valueOfFarm(defaultFarm) : none;
  const isNew = value === newFarm;
  const newName = ownName ?? suggestFarmName(farms);
  const name = isNew ? newName : names.find((farm) => valueOfFarm(farm) === value);
  const farm: ChosenFarm = { name, isNew, error: isNew ? farmNameError(newName, names) : undefined };
  return { farm, names, value, setChosen, newName, setOwnName };
}

/** *Add to farm*: none, a farm, or a new one with its name. */
export function FarmChoice({ choice }: { choice: ReturnType<typeof useFarmChoice> }) {
  const { farm, names, value, setChosen, newName, setOwnName } = choice;
  const options: readonly SelectOption<string>[] = [
    ...names.map((name) => ({ value: valueOfFarm(name), label: name })),
    { value: newFarm, label: 'New farm…' },
    { value: none, label: 'No farm' },
  ];
  return (
    <div className={styles.fields}>
      <Select label="Add to farm" value={value} options={options} onChange={setChosen} />
      {farm.isNew && <TextField label="Farm name" value={newName} onChange={setOwnName} error={farm.error} />}
    </div>
  );
}
