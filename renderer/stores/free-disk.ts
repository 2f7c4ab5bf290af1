import { create } from 'zustand';
import { formatBytes, formatList } from '../../shared/format.ts';
import { Failure } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { toast } from './toasts.ts';

/** The nodes whose disk space is to be freed, once that is confirmed. The frame shows the dialog. */
export const useFreeDisk = create<{ readonly nodes: readonly string[] | undefined }>(() => ({ nodes: undefined }));

export function askToFreeDisk(nodes: readonly string[]): void {
  useFreeDisk.setState({ nodes });
}

/** Removes dangling images and build caches from nodes. @throws Failure of the first node that failed */
export async function freeDisk(nodes: readonly string[]): Promise<void> {
  const reports = await call('nodes.prune', { connections: [...nodes] });
  const done = reports.filter(({ problem }) => problem === undefined);
  const bytes = done.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, 0);
  if (done.length > 0) {
    toast({ kind: 'done', title: `Freed ${formatBytes(bytes)} on ${formatList(done.map(({ node }) => node))}` });
  }
  const failed = reports.find(({ problem }) => problem)?.problem;
  if (failed) {
    throw new Failure(failed);
  }
}
