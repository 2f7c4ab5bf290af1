import type { Check } from '../../../shared/check.ts';
import { type Command, useCommands } from '../../commands.ts';
import { cancelCheck, isChecked, runCheck, runFix, useChecks } from '../../stores/checks.ts';

/** What can be done about the check of the chosen connection: test it, cancel that, and mend what it has found. */
export function useCheckCommands(name: string | undefined): void {
  const check = useChecks(({ byName }) => (name === undefined ? undefined : byName[name]));
  const isRunning = useChecks((checks) => name !== undefined && isChecked(checks, name));
  useCommands(() => {
    if (name === undefined) {
      return [];
    }
    const test: Command = {
      id: 'connection:test',
      label: `Test connection ${name}`,
      group: 'Here',
      icon: 'refresh',
      shortcut: 'Mod+R',
      keywords: ['probe', 'check'],
      run: () => void runCheck(name),
    };
    return isRunning ? [test, cancelOf(name)] : [test, ...fixesOf(name, check)];
  }, [name, check, isRunning]);
}

function cancelOf(name: string): Command {
  return {
    id: 'connection:cancel-test',
    label: `Cancel the test of ${name}`,
    group: 'Here',
    icon: 'stop',
    shortcut: 'Escape',
    run: () => {
      // what stands over the view takes the key for itself
      if (!document.querySelector('[role="dialog"], [role="menu"], [role="listbox"]')) {
        cancelCheck(name);
      }
    },
  };
}

function fixesOf(name: string, check: Check | undefined): readonly Command[] {
  return (check?.steps ?? []).flatMap(({ fixes }) =>
    fixes.flatMap((remedy): Command[] => {
      const { fix, label } = remedy;
      return fix === undefined
        ? []
        : [
            {
              id: `connection:fix:${fix}`,
              label: `${label} on ${name}`,
              group: 'Here',
              icon: 'play',
              run: () => void runFix(name, fix, remedy),
            },
          ];
    }),
  );
}
