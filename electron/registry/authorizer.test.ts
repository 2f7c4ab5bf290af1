import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { Authorizer, type AuthorizerOptions } from './authorizer.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credentials } from './credential-source.ts';
import { HttpClient } from './http.ts';
import { errorBody, FakeRegistry, type RecordedRequest, readRequest, respond } from './testing/fake-registry.ts';

let tokenServer: FakeRegistry;
let http: HttpClient;
let tokenRequests: { request: RecordedRequest; body: string }[];
let tokenResponse: { status: number; body: string };
let now: number;

beforeEach(async () => {
  tokenServer = await FakeRegistry.start();
  http = new HttpClient({ tlsVerify: true });
  tokenRequests = [];
  tokenResponse = { status: 200, body: '{"token":"t1"}' };
  now = 1000;
  tokenServer.fault = async (request, response, recorded) => {
    tokenRequests.push({ request: recorded, body: (await readRequest(request)).toString() });
    respond(response, tokenResponse.status, {}, tokenResponse.body);
    return true;
  };
});
afterEach(async () => {
  await http.close();
  await tokenServer.stop();
});

function createAuthorizer(credentials: Credentials | undefined, options: Partial<AuthorizerOptions> = {}): Authorizer {
  return new Authorizer({
    registry: 'registry.test',
    scope: 'repository:team/api:pull,push',
    tlsVerify: false,
    findCredentials: async () => credentials,
    send: (request) => http.send({ ...request, signal: new AbortController().signal }),
    now: () => now,
    ...options,
  });
}

function bearerChallenges(extra = ''): Challenge[] {
  return parseChallenges(`Bearer realm="${tokenServer.origin}/token?x=1",service="registry, the one"${extra}`);
}

function queryOf(index: number): [string, string][] {
  return [...new URL(tokenRequests[index]?.request.path ?? '', tokenServer.origin).searchParams];
}

async function problemFrom(promise: Promise<unknown>): Promise<Problem> {
  return promise.then(
    () => {
      throw new Error('the promise was fulfilled');
    },
    (thrown: unknown) => problemOf(thrown),
  );
}

const builder: Credentials = { username: 'builder', password: 'pass:word', source: 'from /auth.json' };

test('sends Basic authentication if it is required, also for a password with colons', async () => {
  const auth = createAuthorizer(builder);
  expect(await auth.header()).toBeUndefined();
  auth.setChallenges(parseChallenges('Basic realm="x"'));
  expect(await auth.header()).toBe(`Basic ${Buffer.from('builder:pass:word').toString('base64')}`);
});

test('tells a token and how long it is used, and none where the registry wants a password', async () => {
  const basic = createAuthorizer(builder);
  expect(await basic.token()).toBeUndefined();
  basic.setChallenges(parseChallenges('Basic realm="x"'));
  expect(await basic.token()).toBeUndefined();
  const bearer = createAuthorizer(builder);
  bearer.setChallenges(bearerChallenges());
  tokenResponse.body = '{"token":"t1","expires_in":100}';
  expect(await bearer.token()).toEqual({ token: 't1', lifetimeSeconds: 90 });
  now += 50_000;
  expect(await bearer.token()).toEqual({ token: 't1', lifetimeSeconds: 40 });
});

test('searches credentials once, and only if the registry requires authentication', async () => {
  let searches = 0;
  const auth = createAuthorizer(undefined, {
    findCredentials: async () => {
      searches += 1;
      return undefined;
    },
  });
  await auth.header();
  expect(searches).toBe(0);
  auth.setChallenges(parseChallenges('Basic realm="x"'));
  await auth.header();
  await auth.header();
  expect(searches).toBe(1);
});

test('requests a token for pull and push, with the login and the query of the realm', async () => {
  const auth = createAuthorizer(builder);
  auth.setChallenges(bearerChallenges(',scope="repository:team/api:pull"'));
  expect(await auth.header()).toBe('Bearer t1');
  expect(queryOf(0)).toEqual([
    ['x', '1'],
    ['service', 'registry, the one'],
    ['scope', 'repository:team/api:pull,push'],
    ['account', 'builder'],
  ]);
  expect(tokenRequests[0]?.request.headers.authorization).toBe(
    `Basic ${Buffer.from('builder:pass:word').toString('base64')}`,
  );
});

test('requests a token also for another scope in the challenge', async () => {
  const auth = createAuthorizer(undefined);
  auth.setChallenges(bearerChallenges(',scope="registry:catalog:*"'));
  await auth.header();
  expect(queryOf(0).filter(([name]) => name === 'scope')).toEqual([
    ['scope', 'registry:catalog:*'],
    ['scope', 'repository:team/api:pull,push'],
  ]);
  expect(tokenRequests[0]?.request.headers.authorization).toBeUndefined();
});

test('requests one token for simultaneous requests, and a new one before it expires', async () => {
  tokenResponse.body = '{"access_token":"short","expires_in":100}';
  const auth = createAuthorizer(builder);
  auth.setChallenges(bearerChallenges());
  expect(await Promise.all([auth.header(), auth.header(), auth.header()])).toEqual(Array(3).fill('Bearer short'));
  now += 80_000;
  await auth.header();
  expect(tokenRequests).toHaveLength(1);
  now += 15_000;
  tokenResponse.body = '{"token":"next"}';
  expect(await auth.header()).toBe('Bearer next');
  expect(tokenRequests).toHaveLength(2);
});

test('renews a rejected token once for several requests, and has no alternative for rejected Basic authentication', async () => {
  const auth = createAuthorizer(builder);
  auth.setChallenges(bearerChallenges());
  const rejected = await auth.header();
  tokenResponse.body = '{"token":"t2"}';
  expect(await Promise.all([auth.renew(rejected, []), auth.renew(rejected, bearerChallenges())])).toEqual([
    'Bearer t2',
    'Bearer t2',
  ]);
  expect(await auth.renew(rejected, [])).toBe('Bearer t2');
  expect(tokenRequests).toHaveLength(2);

  const basic = createAuthorizer(builder);
  basic.setChallenges(parseChallenges('Basic realm="x"'));
  expect(await basic.renew(await basic.header(), [])).toBeUndefined();
});

test('sends an identity token in the body of a POST and never in a URL', async () => {
  const auth = createAuthorizer({ identityToken: 'identity secret', source: 'from /auth.json' });
  auth.setChallenges(bearerChallenges());
  await auth.header();
  expect(tokenRequests[0]?.request.method).toBe('POST');
  expect(tokenRequests[0]?.request.path).toBe('/token?x=1');
  expect(Object.fromEntries(new URLSearchParams(tokenRequests[0]?.body))).toEqual({
    service: 'registry, the one',
    client_id: 'barnraiser',
    grant_type: 'refresh_token',
    refresh_token: 'identity secret',
    scope: 'repository:team/api:pull,push',
  });
});

test('does not follow a redirect with an identity token', async () => {
  const otherServer = await FakeRegistry.start();
  tokenServer.fault = (_request, response) => {
    respond(response, 307, { location: `${otherServer.origin}/token` });
    return true;
  };
  const auth = createAuthorizer({ identityToken: 'identity secret', source: 'from /auth.json' });
  auth.setChallenges(bearerChallenges());
  expect((await problemFrom(auth.header())).code).toBe('registry.refused');
  expect(otherServer.requests).toEqual([]);
  await otherServer.stop();
});

test('reports a rejected login without the password', async () => {
  tokenResponse = { status: 401, body: errorBody('UNAUTHORIZED', 'pass:word is wrong') };
  const auth = createAuthorizer(builder);
  auth.setChallenges(bearerChallenges());
  const problem = await problemFrom(auth.header());
  expect(problem).toMatchObject({ code: 'registry.authentication', detail: 'UNAUTHORIZED: *** is wrong' });
  expect(problem.message).toContain('"builder" (credentials from /auth.json)');
});

test('does not send a password over plain HTTP if TLS is verified', async () => {
  const auth = createAuthorizer(builder, { tlsVerify: true });
  auth.setChallenges(bearerChallenges());
  expect((await problemFrom(auth.header())).code).toBe('registry.tls');
  expect(tokenRequests).toEqual([]);
});

test('reports a token server that returns no token', async () => {
  tokenResponse.body = '{}';
  const auth = createAuthorizer(undefined);
  auth.setChallenges(bearerChallenges());
  expect((await problemFrom(auth.header())).code).toBe('registry.refused');
});

test.each([
  '{"token":null,"access_token":"t","expires_in":null}',
  '{"token":"","access_token":"t","expires_in":"300","issued_at":null,"refresh_token":null}',
  '{"Token":"t","expires_in":-1}',
  '{"token":"t","expires_in":{}}',
])('understands the loose answer %s of a token server', async (body) => {
  tokenResponse = { status: 200, body };
  const auth = createAuthorizer(undefined);
  auth.setChallenges(bearerChallenges());
  expect(await auth.header()).toBe('Bearer t');
});
