import type { Check } from '../../../shared/check.ts';
import { type Command, useCommands } from '../../commands.ts';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { cancelCheck, isCheckRunning, runCheck, runFix, useChecks } from '../../stores/checks.ts';

/** Registers commands for the selected connection: check it, cancel the check, apply a suggested fix. */
export function useCheckCommands(name: string | undefined): void {
  const check = useChecks(({ byName }) => (name === undefined ? undefined : byName[name]));
  const isRunning = useChecks((checks) => name !== undefined && isCheckRunning(checks, name));
  useCommands(() => {
    if (name === undefined) {
      return [];
    }
    const checkCommand: Command = {
      id: 'connection:check',
      label: `Check connection ${name}`,
      group: 'view',
      icon: 'refresh',
      shortcut: shortcuts.check.keys,
      keywords: ['probe', 'test'],
      run: () => void runCheck(name),
    };
    return isRunning ? [checkCommand, cancelCommand(name)] : [checkCommand, ...fixCommands(name, check)];
  }, [name, check, isRunning]);
}

function cancelCommand(name: string): Command {
  return {
    id: 'connection:cancel-check',
    label: `Cancel check of ${name}`,
    group: 'view',
    icon: 'stop',
    shortcut: shortcuts.cancelCheck.keys,
    run: () => {
      // Escape closes an open dialog or menu first
      if (!document.querySelector('[role="dialog"], [role="menu"], [role="listbox"]')) {
        cancelCheck(name);
      }
    },
  };
}

function fixCommands(name: string, check: Check | undefined): readonly Command[] {
  return (check?.steps ?? []).flatMap(({ fixes }) =>
    fixes.flatMap((suggestion): Command[] => {
      const { fix, label } = suggestion;
      return fix === undefined
        ? []
        : [
            {
              id: `connection:fix:${fix}`,
              label: `${label} on ${name}`,
              group: 'view',
              icon: 'play',
              danger: true,
              run: () => void runFix(name, fix, suggestion),
            },
          ];
    }),
  );
}
