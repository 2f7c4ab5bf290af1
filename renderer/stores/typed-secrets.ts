/** The values of secrets that were typed for the next build. They are stored only here, and only until the build starts. */
import { create } from 'zustand';
import type { BuildSecret, SecretInputs } from '../../shared/build-secrets.ts';

export const useTypedSecrets = create<{ readonly values: Readonly<Record<string, string>> }>(() => ({ values: {} }));

/** Sets the value of a secret by its id; an empty one forgets it. */
export function typeSecret(id: string, value: string): void {
  useTypedSecrets.setState(({ values: { [id]: _, ...others } }) => ({
    values: value === '' ? others : { ...others, [id]: value },
  }));
}

/** A secret has another id now. */
export function renameTypedSecret(id: string, now: string): void {
  const value = useTypedSecrets.getState().values[id] ?? '';
  typeSecret(id, '');
  typeSecret(now, value);
}

/** The values for a build, all of which are forgotten. The app asks for those that are missing. */
export function takeTypedSecrets(secrets: readonly BuildSecret[] = []): SecretInputs {
  const { values } = useTypedSecrets.getState();
  useTypedSecrets.setState({ values: {} });
  const typed = secrets.flatMap(({ id, source }) => {
    const value = source.kind === 'typed' ? values[id] : undefined;
    return value === undefined ? [] : [[id, value] as const];
  });
  return typed.length > 0 ? { secretValues: Object.fromEntries(typed) } : {};
}
