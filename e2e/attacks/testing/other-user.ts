/** Programs of another user of this computer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A user who owns nothing here. */
const uid = 65_534;

/** Only root can start a program as another user. */
export const canBecomeOtherUser = process.getuid?.() === 0;

export interface OtherUser {
  /** Ends the program and resolves with what it has printed. */
  end(): Promise<string>;
}

/** Starts a script of this folder as another user. Resolves when it has printed its first line. */
export async function startAsOtherUser(script: string, ...args: readonly string[]): Promise<OtherUser> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-other-'));
  await chmod(folder, 0o755);
  const copy = join(folder, script);
  await cp(join(import.meta.dirname, script), copy);
  await chmod(copy, 0o644);
  const child = spawn(process.execPath, [copy, ...args], {
    uid,
    gid: uid,
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${script} ended with code ${code}`)));
  });
  return {
    end: async () => {
      await endOf(child);
      await rm(folder, { recursive: true });
      return output;
    },
  };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill();
  });
}
