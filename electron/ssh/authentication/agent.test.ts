import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Agent, agentSockets } from './agent.ts';

describe('the agents to look for', () => {
  test('are the one that is named, else the one of the environment; an empty name means none', () => {
    const environment = { SSH_AUTH_SOCK: '/run/agent' };
    expect(agentSockets('/my/agent', environment, 'linux')).toEqual(['/my/agent']);
    expect(agentSockets(undefined, environment, 'linux')).toEqual(['/run/agent']);
    expect(agentSockets('', environment, 'linux')).toEqual([]);
    expect(agentSockets(undefined, {}, 'linux')).toEqual([]);
  });

  test('are on Windows those of OpenSSH and of PuTTY, where the environment names none', () => {
    expect(agentSockets(undefined, {}, 'win32')).toEqual(['\\\\.\\pipe\\openssh-ssh-agent', 'pageant']);
    expect(agentSockets(undefined, { SSH_AUTH_SOCK: 'pipe' }, 'win32')).toEqual(['pipe']);
  });
});

describe('an agent that is none', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** What is said of an agent that answers with these bytes and hangs up. */
  async function listing(answer: Buffer): Promise<unknown> {
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
    ['hangs up', Buffer.alloc(0)],
    ['breaks off', Buffer.from([0, 0, 0, 9, 12])],
    ['refuses', Buffer.from([0, 0, 0, 1, 5])],
    ['says that it has keys and tells none', Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 3])],
    ['speaks something else', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('because it %s is passed over', async (_name, answer) => {
    expect(await listing(answer)).toBeUndefined();
  });

  test('because nobody listens is passed over', async () => {
    expect(await new Agent(join(folder, 'gone')).list()).toBeUndefined();
  });
});
