import { createClient, createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { Secrets } from './proto/secrets_pb.ts';
import { SSH } from './proto/ssh-forward_pb.ts';
import { secretsService, sshService } from './secret-services.ts';

const value = Buffer.from('hunter2');
const agents = ['default', 'other'].map((id) => ({ id, answer: async () => Buffer.from(`\x0c${id}`) }));
const transport = createRouterTransport(({ service }) => {
  service(Secrets, secretsService([{ id: 'token', value }]));
  service(SSH, sshService(agents));
});
const secrets = createClient(Secrets, transport);
const ssh = createClient(SSH, transport);

test('BuildKit gets a secret of the build, and no other', async () => {
  expect(Buffer.from((await secrets.getSecret({ ID: 'token' })).data).toString()).toBe('hunter2');
  for (const ID of ['other', '', '__proto__', '/etc/passwd']) {
    await expect(secrets.getSecret({ ID })).rejects.toThrow('[not_found]');
  }
});

test('it reaches an SSH agent of the build, the default one without an id, and no other', async () => {
  const list = Buffer.from([0, 0, 0, 1, 11]);
  const ask = async (id: string | undefined): Promise<string> => {
    const messages = (async function* () {
      yield { data: list };
    })();
    const headers: Record<string, string> = id === undefined ? {} : { 'buildkit.ssh.id': id };
    let answer = '';
    for await (const { data } of ssh.forwardAgent(messages, { headers })) {
      answer += Buffer.from(data).subarray(5).toString();
    }
    return answer;
  };
  expect(await Promise.all([ask(undefined), ask(''), ask('other')])).toEqual(['default', 'default', 'other']);
  await expect(ask('third')).rejects.toThrow('[not_found]');
  await expect(ssh.checkAgent({ ID: '' })).resolves.toBeDefined();
  await expect(ssh.checkAgent({ ID: 'third' })).rejects.toThrow('[not_found]');
});
