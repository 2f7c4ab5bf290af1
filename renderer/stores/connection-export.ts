import { call } from '../api.ts';
import { formatConnectionsAndFarms } from './connection-import.ts';
import { toast, toastProblem } from './toasts.ts';

export const exportFileName = 'barnraiser-connections.json';

/** Saves all connections and farms in a file that can be imported on another computer. */
export function exportConnections(): void {
  call('connections.export', {}).then(({ text, connections, farms }) => {
    saveFile(exportFileName, text);
    toast({
      kind: 'done',
      title: `Exported ${formatConnectionsAndFarms(connections, farms)}`,
      description: `${exportFileName} contains no passwords, passphrases or keys. To import it on another computer, choose Import from a file in Connections.`,
      timeoutMs: 12_000,
    });
  }, toastProblem);
}

/** After this time, in milliseconds, the browser has copied the data of a download and the object URL can be revoked. */
const urlLifetimeMs = 60_000;

function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), urlLifetimeMs);
}
