import { randomUUID } from 'node:crypto';
import { formatBytes, formatBytesOf } from '../../../shared/format.ts';
import type { TerminalFrontEnd } from '../front-end.ts';

/** Waits for a call on images that reports its progress, and shows it on a terminal. */
export function showTask<T>(frontEnd: TerminalFrontEnd, text: string, start: (task: string) => Promise<T>): Promise<T> {
  const task = randomUUID();
  return frontEnd.showWait(text, start(task), (event) => {
    if (event.event !== 'images.progress' || event.task !== task) {
      return undefined;
    }
    const { doneBytes, totalBytes } = event;
    const done = totalBytes === undefined ? formatBytes(doneBytes) : formatBytesOf(doneBytes, totalBytes);
    return doneBytes > 0 ? `${event.text}, ${done}` : event.text;
  });
}
