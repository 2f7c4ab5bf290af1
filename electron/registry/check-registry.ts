/** Looks at a registry step by step: its address, its certificate, its API, the login, and what that login may do. */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type PeerCertificate, type SecureContext } from 'node:tls';
import { Failure, type Problem, problemOf } from '../../shared/problem.ts';
import type { RegistryCheck, RegistryStep } from '../../shared/registry.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { loadCertificates, verifyingContext } from './certificates.ts';
import { checkPush } from './check-push.ts';
import type { CredentialSource } from './credential-source.ts';
import { findCredentials, hostNamesOf } from './credentials.ts';
import { discardBody, hasProxy } from './http.ts';
import { networkFailure } from './network-errors.ts';
import { type OpenHost, openHost, settingsOf } from './open-host.ts';
import type { HostSettings } from './registry-settings.ts';
import { RegistrySession } from './session.ts';

const timeoutMs = 10_000;
/** How long a server may take to refuse a client certificate. */
const refusalMs = 1_000;

export interface CheckOptions {
  readonly registry: string;
  /** Empty: what a login may do is not tried. */
  readonly repository: string;
  readonly source: CredentialSource;
  readonly signal: AbortSignal;
}

type Found = Omit<RegistryStep, 'id'>;

/** Never rejects for what is wrong with the registry: that is the problem of a step. @throws the reason of the signal */
export async function checkRegistry(options: CheckOptions): Promise<RegistryCheck> {
  const { registry, repository, signal } = options;
  const steps: RegistryStep[] = [];
  const add = async (id: RegistryStep['id'], look: () => Promise<Found>): Promise<boolean> => {
    const step = await look().catch((error: unknown): Found => {
      signal.throwIfAborted();
      const problem = problemOf(error);
      return { status: 'failed', text: problem.message, problem };
    });
    steps.push({ id, ...step });
    return step.status !== 'failed';
  };
  const skipRest = (text: string): void => {
    const ids = ['address', 'tls', 'api', 'sign-in', 'pull', 'push'] as const;
    steps.push(...ids.slice(steps.length).map((id) => ({ id, status: 'skipped' as const, text })));
  };
  const run = async (): Promise<void> => {
    const request = { registry, repository, credentials: options.source, tlsVerify: true };
    let settings: HostSettings = { tls: 'verify', mirrors: [] };
    const isReached = await add('address', async () => {
      settings = await settingsOf(request);
      return checkAddress(registry, settings, signal);
    });
    const isTrusted = isReached && (await add('tls', () => checkTls(options, settings)));
    if (!isTrusted) {
      skipRest('Not tried, because a step before it failed.');
      return;
    }
    let host: OpenHost | undefined;
    try {
      await add('api', async () => {
        host = await openHost({ ...request, signal });
        return describeApi(host);
      });
    } finally {
      await host?.http.close();
    }
    if (!host) {
      skipRest('Not tried, because a step before it failed.');
      return;
    }
    const asksForLogin = host.challenges.length > 0;
    const isSignedIn = await add('sign-in', () => checkSignIn(options, asksForLogin));
    if (!isSignedIn) {
      skipRest('Not tried, because the sign-in failed.');
      return;
    }
    if (repository === '') {
      skipRest('Not tried, because no repository is named.');
      return;
    }
    await add('pull', () => checkPull(options));
    await add('push', async () => {
      await checkPush({ registry, repository, tlsVerify: true }, options.source, signal);
      return { status: 'passed', text: `The registry lets you push to ${repository}.` };
    });
  };
  await run();
  return {
    name: registry,
    ...(repository === '' ? {} : { repository }),
    passed: steps.every(({ status }) => status !== 'failed'),
    steps,
  };
}

/** The host and port of a registry. */
function addressOf(registry: string, { tls }: HostSettings): { readonly host: string; readonly port: number } {
  const name = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const url = new URL(`${tls === 'plain-http' ? 'http' : 'https'}://${name}`);
  const port = Number(url.port) || (tls === 'plain-http' ? 80 : 443);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
}

function usesProxy(host: string, { proxy }: HostSettings): boolean {
  const isLoopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  return proxy === undefined ? hasProxy() && !isLoopback : proxy !== 'none';
}

async function checkAddress(registry: string, settings: HostSettings, signal: AbortSignal): Promise<Found> {
  const { host, port } = addressOf(registry, settings);
  if (usesProxy(host, settings)) {
    return { status: 'skipped', text: 'The registry is reached through a proxy, which finds its address.' };
  }
  const url = new URL(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
  try {
    const addresses = await lookup(host, { all: true });
    const facts = addresses.map(({ address }) => ({ name: 'Address', value: address }));
    await connected(host, port, signal);
    return { status: 'passed', text: `${host} answers at port ${port}.`, facts };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Failure ? error : networkFailure('the registry', url, error, registry);
  }
}

function connected(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) =>
      reject(error.name === 'TimeoutError' ? Object.assign(error, { code: 'ETIMEDOUT' }) : error),
    );
  });
}

async function checkTls(options: CheckOptions, settings: HostSettings): Promise<Found> {
  const { registry, source, signal } = options;
  const { host, port } = addressOf(registry, settings);
  if (settings.tls === 'plain-http') {
    const text = 'Plain HTTP, as set: others on the network can read everything, including passwords.';
    return { status: 'warning', text };
  }
  if (usesProxy(host, settings)) {
    return { status: 'skipped', text: 'The certificate is looked at when the registry answers through the proxy.' };
  }
  const certificates = await loadCertificates(hostNamesOf(registry), source, true, settings);
  const { client } = certificates;
  const secureContext = verifyingContext(certificates);
  try {
    const found = await handshake(host, port, secureContext, signal);
    const facts = [...certificateFacts(found.certificate), { name: 'Protocol', value: found.protocol }];
    const withClient = client ? ' A client certificate is presented.' : '';
    if (found.error === undefined) {
      return { status: 'passed', text: `The certificate is trusted.${withClient}`, facts };
    }
    const url = new URL(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
    const { problem } = networkFailure(
      'the registry',
      url,
      Object.assign(new Error(), { code: found.error }),
      registry,
    );
    return settings.tls === 'verify'
      ? { status: 'failed', text: problem.message, facts, problem: withSettingsFix(problem, registry) }
      : { status: 'warning', text: 'The certificate is not trusted, and not verified, as set.', facts };
  } catch (error) {
    signal.throwIfAborted();
    if (settings.tls === 'no-verify') {
      return { status: 'warning', text: 'There is no TLS: plain HTTP is used, as set.' };
    }
    const url = new URL(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
    throw (await plainHttpProblem(options)) ?? networkFailure('the registry', url, error, registry);
  }
}

/** The failure of a registry that uses plain HTTP. Undefined of one that does not. */
async function plainHttpProblem({ registry, repository, source, signal }: CheckOptions): Promise<Failure | undefined> {
  try {
    const found = await openHost({ registry, repository, credentials: source, tlsVerify: true, signal });
    await found.http.close();
    return undefined;
  } catch (error) {
    const isPlain = problemOf(error).actions?.some(
      (action) => action.id === 'push-without-tls' && action.reason === 'plain-http',
    );
    return isPlain && error instanceof Failure ? error : undefined;
  }
}

function withSettingsFix(problem: Problem, registry: string): Problem {
  return { ...problem, fix: `${problem.fix} Or name that certificate in the settings of ${registry}.` };
}

interface Handshake {
  readonly certificate: PeerCertificate;
  readonly protocol: string;
  /** Why the certificate is not trusted: the code of OpenSSL. */
  readonly error: string | undefined;
}

function handshake(host: string, port: number, secureContext: SecureContext, signal: AbortSignal): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({ host, port, secureContext, rejectUnauthorized: false, ...servername });
    const end = (): void => {
      socket.destroy();
      reject(signal.aborted ? signal.reason : Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }));
    };
    socket.setTimeout(timeoutMs, end);
    signal.addEventListener('abort', end, { once: true });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', end));
    socket.once('secureConnect', () => {
      const { authorizationError } = socket;
      const found = {
        certificate: socket.getPeerCertificate(),
        protocol: socket.getProtocol() ?? 'unknown',
        error: socket.authorized ? undefined : codeOf(authorizationError),
      };
      if (found.error !== undefined) {
        resolve(found);
        socket.destroy();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        resolve(found);
        socket.destroy();
      };
      // with TLS 1.3, a server refuses the certificate of a client after the handshake, and sends tickets if it accepts it
      const timer = setTimeout(done, refusalMs);
      socket.once('session', done);
      socket.once('end', done);
      socket.once('error', () => clearTimeout(timer));
    });
  });
}

function codeOf(error: unknown): string {
  if (typeof error === 'string') {
    return error;
  }
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
}

function certificateFacts({ subject, issuer, valid_to, subjectaltname, fingerprint256 }: PeerCertificate) {
  const clean = (text: string | string[] | undefined): string => sanitizeLine(String(text ?? ''), 300);
  return [
    { name: 'Certificate of', value: clean(subject?.CN ?? subjectaltname) },
    { name: 'Names', value: clean(subjectaltname) },
    { name: 'Issued by', value: clean(issuer?.CN ?? issuer?.O) },
    { name: 'Valid until', value: clean(valid_to) },
    { name: 'Fingerprint', value: clean(fingerprint256) },
  ].filter(({ value }) => value !== '');
}

function describeApi({ origin, challenges }: OpenHost): Found {
  const [first] = challenges;
  const asks =
    first === undefined
      ? 'asks for no login to read'
      : first.scheme === 'bearer'
        ? 'wants a token'
        : 'wants a user name and password';
  const realm = first?.scheme === 'bearer' ? sanitizeLine(first.parameters.realm ?? '', 300) : '';
  const facts = [{ name: 'API', value: `${origin}/v2/` }, ...(realm ? [{ name: 'Tokens from', value: realm }] : [])];
  return { status: 'passed', text: `The registry answers, and ${asks}.`, facts };
}

async function checkSignIn(options: CheckOptions, asksForLogin: boolean): Promise<Found> {
  const { registry, repository, source, signal } = options;
  const credentials = await findCredentials(registry, repository, source);
  if (!credentials) {
    return { status: 'skipped', text: 'There is no login for this registry: it is used without one.' };
  }
  const who = 'identityToken' in credentials ? 'the identity token' : credentials.username;
  const login = [
    { name: 'Login', value: who },
    { name: 'Source', value: credentials.source },
  ];
  if (!asksForLogin) {
    return { status: 'skipped', text: 'The registry asks for no login, so the saved one is not tried.', facts: login };
  }
  const session = await RegistrySession.open({
    ...{ registry, repository: repository || 'barnraiser/check', access: 'pull', tlsVerify: true },
    ...{ credentials: source, signal },
  });
  try {
    await session.signIn();
    const response = await session.sendOnce({ method: 'GET', url: new URL('/v2/', session.url('')) });
    await discardBody(response);
    return { status: 'passed', text: `The registry accepts the login of ${who}.`, facts: login };
  } finally {
    await session.close();
  }
}

async function checkPull({ registry, repository, source, signal }: CheckOptions): Promise<Found> {
  const session = await RegistrySession.open({
    ...{ registry, repository, access: 'pull', tlsVerify: true },
    ...{ credentials: source, signal },
  });
  try {
    const url = session.url('tags/list');
    url.search = '?n=1';
    const response = await session.send({ method: 'GET', url });
    if (response.status === 404) {
      await discardBody(response);
      return { status: 'passed', text: `There is nothing in ${repository} yet.` };
    }
    if (response.status !== 200) {
      throw await session.failureOf(response, 'the request for tags');
    }
    await discardBody(response);
    return { status: 'passed', text: `The registry lets you pull from ${repository}.` };
  } finally {
    await session.close();
  }
}
