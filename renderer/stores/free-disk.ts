import { create } from 'zustand';

/** The nodes whose disk space is to be freed. The page shows the dialog. */
export const useFreeDisk = create<{ readonly nodes: readonly string[] | undefined }>(() => ({ nodes: undefined }));

export function askToFreeDisk(nodes: readonly string[]): void {
  useFreeDisk.setState({ nodes });
}

export function closeFreeDisk(): void {
  useFreeDisk.setState({ nodes: undefined });
}
