import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { Authorizer, type AuthorizerOptions, parseChallenges } from './auth.ts';
import type { Credentials } from './credentials.ts';
import { Http } from './http.ts';
import { answer, error, FakeRegistry, read, type Seen } from './testing/fake-registry.ts';

let tokenServer: FakeRegistry;
let http: Http;
let asked: { seen: Seen; body: string }[];
let reply: { status: number; body: string };
let now: number;

beforeEach(async () => {
  tokenServer = await FakeRegistry.start();
  http = new Http({ tlsVerify: true });
  asked = [];
  reply = { status: 200, body: '{"token":"t1"}' };
  now = 1000;
  tokenServer.mischief = async (request, response, seen) => {
    asked.push({ seen, body: (await read(request)).toString() });
    answer(response, reply.status, {}, reply.body);
    return true;
  };
});
afterEach(async () => {
  await http.close();
  await tokenServer.stop();
});

function authorizer(credentials: Credentials | undefined, more: Partial<AuthorizerOptions> = {}): Authorizer {
  return new Authorizer({
    registry: 'registry.test',
    scope: 'repository:team/api:pull,push',
    tlsVerify: false,
    credentials: async () => credentials,
    send: (request) => http.send({ ...request, signal: new AbortController().signal }),
    now: () => now,
    ...more,
  });
}

function bearer(extra = ''): ReturnType<typeof parseChallenges> {
  return parseChallenges(`Bearer realm="${tokenServer.origin}/token?x=1",service="registry, the one"${extra}`);
}

function queryOf(index: number): [string, string][] {
  return [...new URL(asked[index]?.seen.path ?? '', tokenServer.origin).searchParams];
}

async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

const builder: Credentials = { username: 'builder', password: 'pass:word', source: 'from a test' };

test('reads challenges with commas in quotes, escaped quotes and plain values', () => {
  expect(
    parseChallenges('Bearer realm="https://auth.test/token",service="a, b",scope="repository:x:pull,push",error=none'),
  ).toEqual([
    {
      scheme: 'bearer',
      parameters: {
        realm: 'https://auth.test/token',
        service: 'a, b',
        scope: 'repository:x:pull,push',
        error: 'none',
      },
    },
  ]);
  expect(parseChallenges('basic Realm="say \\"hello\\""')).toEqual([
    { scheme: 'basic', parameters: { realm: 'say "hello"' } },
  ]);
});

test('reads every challenge, of one header or of several', () => {
  const schemes = (headers: string | string[]) => parseChallenges(headers).map(({ scheme }) => scheme);
  expect(schemes('Negotiate, Basic realm="a" , Bearer realm="b"')).toEqual(['negotiate', 'basic', 'bearer']);
  expect(schemes(['Basic realm="a"', 'Bearer realm="b"'])).toEqual(['basic', 'bearer']);
  expect(parseChallenges(undefined)).toEqual([]);
  expect(parseChallenges(',,"broken')).toEqual([{ scheme: 'broken', parameters: {} }]);
});

test('sends Basic where that is asked for, also with colons in the password', async () => {
  const auth = authorizer(builder);
  expect(await auth.header()).toBeUndefined();
  auth.challenged(parseChallenges('Basic realm="x"'));
  expect(await auth.header()).toBe(`Basic ${Buffer.from('builder:pass:word').toString('base64')}`);
});

test('does not ask for credentials before the registry does', async () => {
  let looked = 0;
  const auth = authorizer(undefined, {
    credentials: async () => {
      looked += 1;
      return undefined;
    },
  });
  await auth.header();
  expect(looked).toBe(0);
  auth.challenged(parseChallenges('Basic realm="x"'));
  await auth.header();
  await auth.header();
  expect(looked).toBe(1);
});

test('asks the token server for push and pull, with the login and what the realm itself says', async () => {
  const auth = authorizer(builder);
  auth.challenged(bearer(',scope="repository:team/api:pull"'));
  expect(await auth.header()).toBe('Bearer t1');
  expect(queryOf(0)).toEqual([
    ['x', '1'],
    ['service', 'registry, the one'],
    ['scope', 'repository:team/api:pull,push'],
    ['account', 'builder'],
  ]);
  expect(asked[0]?.seen.headers.authorization).toBe(`Basic ${Buffer.from('builder:pass:word').toString('base64')}`);
});

test('asks for a scope of something else that the registry wants as well', async () => {
  const auth = authorizer(undefined);
  auth.challenged(bearer(',scope="registry:catalog:*"'));
  await auth.header();
  expect(queryOf(0).filter(([name]) => name === 'scope')).toEqual([
    ['scope', 'registry:catalog:*'],
    ['scope', 'repository:team/api:pull,push'],
  ]);
  expect(asked[0]?.seen.headers.authorization).toBeUndefined();
});

test('fetches one token for all who ask at the same time, and a new one when it ends', async () => {
  reply.body = '{"access_token":"short","expires_in":100}';
  const auth = authorizer(builder);
  auth.challenged(bearer());
  expect(await Promise.all([auth.header(), auth.header(), auth.header()])).toEqual(Array(3).fill('Bearer short'));
  now += 80_000;
  await auth.header();
  expect(asked).toHaveLength(1);
  now += 15_000;
  reply.body = '{"token":"next"}';
  expect(await auth.header()).toBe('Bearer next');
  expect(asked).toHaveLength(2);
});

test('renews a refused token once for all who were refused, and has nothing else for refused Basic', async () => {
  const auth = authorizer(builder);
  auth.challenged(bearer());
  const old = await auth.header();
  reply.body = '{"token":"t2"}';
  expect(await Promise.all([auth.renew(old, []), auth.renew(old, bearer())])).toEqual(['Bearer t2', 'Bearer t2']);
  expect(await auth.renew(old, [])).toBe('Bearer t2');
  expect(asked).toHaveLength(2);

  const basic = authorizer(builder);
  basic.challenged(parseChallenges('Basic realm="x"'));
  expect(await basic.renew(await basic.header(), [])).toBeUndefined();
});

test('exchanges an identity token by POST, out of sight of any address', async () => {
  const auth = authorizer({ identityToken: 'identity secret', source: 'from a test' });
  auth.challenged(bearer());
  await auth.header();
  expect(asked[0]?.seen.method).toBe('POST');
  expect(asked[0]?.seen.path).toBe('/token?x=1');
  expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
    service: 'registry, the one',
    client_id: 'barnraiser',
    grant_type: 'refresh_token',
    refresh_token: 'identity secret',
    scope: 'repository:team/api:pull,push',
  });
});

test('does not follow a redirect with an identity token', async () => {
  const elsewhere = await FakeRegistry.start();
  tokenServer.mischief = (_request, response) => {
    answer(response, 307, { location: `${elsewhere.origin}/token` });
    return true;
  };
  const auth = authorizer({ identityToken: 'identity secret', source: 'from a test' });
  auth.challenged(bearer());
  expect((await problemFrom(auth.header())).code).toBe('registry.refused');
  expect(elsewhere.requests).toEqual([]);
  await elsewhere.stop();
});

test('says that the token server refused the login, and keeps the password to itself', async () => {
  reply = { status: 401, body: error('UNAUTHORIZED', 'pass:word is wrong') };
  const auth = authorizer(builder);
  auth.challenged(bearer());
  const problem = await problemFrom(auth.header());
  expect(problem).toMatchObject({ code: 'registry.authentication', detail: 'UNAUTHORIZED: *** is wrong' });
  expect(problem.message).toContain('"builder" (login from a test)');
});

test('does not send a password over plain http where TLS is demanded', async () => {
  const auth = authorizer(builder, { tlsVerify: true });
  auth.challenged(bearer());
  expect((await problemFrom(auth.header())).code).toBe('registry.tls');
  expect(asked).toEqual([]);
});

test('says so where a token server gives out no token', async () => {
  reply.body = '{}';
  const auth = authorizer(undefined);
  auth.challenged(bearer());
  expect((await problemFrom(auth.header())).code).toBe('registry.refused');
});
