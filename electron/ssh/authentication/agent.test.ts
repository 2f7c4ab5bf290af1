import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Agent, agentSockets } from './agent.ts';

describe('the agents to try', () => {
  test('are the given one, else that of $SSH_AUTH_SOCK; an empty string means none', () => {
    const environment = { SSH_AUTH_SOCK: '/run/agent' };
    expect(agentSockets('/my/agent', environment, 'linux')).toEqual(['/my/agent']);
    expect(agentSockets(undefined, environment, 'linux')).toEqual(['/run/agent']);
    expect(agentSockets('', environment, 'linux')).toEqual([]);
    expect(agentSockets(undefined, {}, 'linux')).toEqual([]);
  });

  test('are those of OpenSSH and PuTTY on Windows, unless $SSH_AUTH_SOCK names one', () => {
    expect(agentSockets(undefined, {}, 'win32')).toEqual(['\\\\.\\pipe\\openssh-ssh-agent', 'pageant']);
    expect(agentSockets(undefined, { SSH_AUTH_SOCK: 'pipe' }, 'win32')).toEqual(['pipe']);
  });
});

describe('a program that is not an agent', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The keys of an agent that answers with these bytes and closes the connection. */
  async function listKeys(answer: Buffer): Promise<unknown> {
    const socket = join(folder, 'socket');
    const server = createServer((client) => client.on('error', () => {}).end(answer));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      return await new Agent(socket).list();
    } finally {
      server.close();
    }
  }

  test.each([
    ['closes the connection', Buffer.alloc(0)],
    ['sends half an answer', Buffer.from([0, 0, 0, 9, 12])],
    ['refuses', Buffer.from([0, 0, 0, 1, 5])],
    ['announces keys but sends none', Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 3])],
    ['speaks another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('has no keys because it %s', async (_name, answer) => {
    expect(await listKeys(answer)).toBeUndefined();
  });

  test('that says nothing does not keep a cancelled sign-in waiting for a signature', async () => {
    const socket = join(folder, 'silent');
    const server = createServer((client) => client.on('error', () => {}));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const cancel = new AbortController();
    const key = { type: 'ssh-ed25519', publicKey: Buffer.from('key') };
    const signing = new Agent(socket).sign(key, Buffer.from('data'), undefined, cancel.signal);
    cancel.abort(new Error('cancelled'));
    await expect(signing).rejects.toThrow('cancelled');
    server.close();
  });

  test('has no keys because nothing listens on the socket', async () => {
    expect(await new Agent(join(folder, 'gone')).list()).toBeUndefined();
  });
});
