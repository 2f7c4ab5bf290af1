import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { Code, createClient, createRouterTransport } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import type { RegistryLogin } from '../registry-login.ts';
import { Auth } from './proto/session_pb.ts';
import { registryAuth } from './registry-auth.ts';

const host = 'registry.example.com:5000';
const password = { registry: host, credentials: { username: 'kim', password: 'secret' } };
const identity = { registry: 'docker.io', credentials: { identityToken: 'identity' } };

function authOf(...logins: RegistryLogin[]) {
  return createClient(
    Auth,
    createRouterTransport(({ service }) => service(Auth, registryAuth(logins))),
  );
}

/** A login of a registry that gives tokens, and what it was asked for. */
function withTokens() {
  const asked: string[] = [];
  const login: RegistryLogin = {
    ...password,
    fetchPullToken: async (repositories) => {
      asked.push(repositories.join(' '));
      return { token: 'a-token', lifetimeSeconds: 60 };
    },
  };
  return { asked, login };
}

test('gives the login of the registry that the builder names, and no other', async () => {
  const auth = authOf(password, identity);
  expect(await auth.credentials({ host })).toMatchObject({ username: 'kim', secret: 'secret' });
  expect(await auth.credentials({ host: 'registry-1.docker.io' })).toMatchObject({ username: '', secret: 'identity' });
  expect(await auth.credentials({ host: 'other.example.com' })).toMatchObject({ username: '', secret: '' });
  await expect(auth.getTokenAuthority({ host })).rejects.toMatchObject({ code: Code.Unimplemented });
});

test('gives tokens instead of the password where the registry gives them', async () => {
  const { asked, login } = withTokens();
  const auth = authOf(login);
  const salt = randomBytes(8);
  const { publicKey } = await auth.getTokenAuthority({ host, salt });
  expect(await auth.credentials({ host })).toMatchObject({ username: '', secret: '' });
  const token = await auth.fetchToken({ host, scopes: ['repository:team/app:pull', 'repository:team/base:pull'] });
  expect(token).toMatchObject({ token: 'a-token', expiresIn: 60n });
  expect(asked).toEqual(['', 'team/app team/base']);

  const payload = randomBytes(20);
  const { signed } = await auth.verifyTokenAuthority({ host, payload, salt });
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  expect(verify(null, signed.subarray(64), key, signed.subarray(0, 64))).toBe(true);
  expect(Buffer.from(signed.subarray(64))).toEqual(payload);
});

test.each([
  ['another registry', 'other.example.com', ['repository:a:pull']],
  ['a push', host, ['repository:a:pull,push']],
  ['the list of repositories', host, ['registry:catalog:*']],
  ['nothing', host, []],
])('gives no token for %s', async (_, asking, scopes) => {
  const { asked, login } = withTokens();
  await expect(authOf(login).fetchToken({ host: asking, scopes })).rejects.toMatchObject({
    code: Code.PermissionDenied,
  });
  expect(asked).toEqual([]);
});

test('gives the password where only the node can reach the registry', async () => {
  const auth = authOf({ ...password, fetchPullToken: () => Promise.reject(new Error('unreachable')) });
  await expect(auth.getTokenAuthority({ host })).rejects.toMatchObject({ code: Code.Unimplemented });
  expect(await auth.credentials({ host })).toMatchObject({ username: 'kim', secret: 'secret' });
});
