import { readFile, writeFile } from 'node:fs/promises';

/**
 * Changes a heartbeat of this process to that of a process that has our parent's id and wrote it some time ago, measured
 * in milliseconds.
 */
export async function giveToOtherProcess(path: string, ageMs: number): Promise<void> {
  const match = /^\d+-(?<host>\w+)-\w+ +(?<clockMs>\d+)\n(?<note>.*)$/s.exec(await readFile(path, 'utf8'));
  const clockMs = Number(match?.groups?.clockMs) - ageMs;
  const owner = `${process.ppid}-${match?.groups?.host}-0123456789abcdef`;
  await writeFile(path, `${owner} ${String(clockMs).padStart(20)}\n${match?.groups?.note}`);
}
