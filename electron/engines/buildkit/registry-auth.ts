/**
 * Answers BuildKit's questions about registries. Where it can, it fetches the tokens, so that the credentials stay on this computer.
 * Source: moby/buildkit, session/auth and util/resolver/authorizer.go.
 */
import { createHmac, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type { PullToken, RegistryLogin } from '../registry-login.ts';
import type { Auth } from './proto/session_pb.ts';

/** Milliseconds to find out whether a registry gives tokens. It may be one that only the node can reach. */
const findTimeoutMs = 10_000;

/** The start of a private key of Ed25519 in PKCS #8, which its seed of 32 bytes follows. Source: RFC 8410. */
const privateKeyStart = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicKeyBytes = 32;

/** @param logins for the registries of the build: BuildKit gets nothing for any other */
export function registryAuth(logins: readonly RegistryLogin[]): ServiceImpl<typeof Auth> {
  const secret = randomBytes(32);
  const givesTokens = new Map<string, Promise<boolean>>();

  /** Does a registry give tokens to this computer? */
  function canFetch(login: RegistryLogin, signal: AbortSignal): Promise<boolean> {
    const finding =
      givesTokens.get(login.registry) ??
      fetchToken(login, [], AbortSignal.any([signal, AbortSignal.timeout(findTimeoutMs)])).then(
        (token) => token !== undefined,
        () => false,
      );
    givesTokens.set(login.registry, finding);
    return finding;
  }

  /** A key pair for each registry and salt, which proves that two sessions have the same credentials. */
  function keyFor(host: string, salt: Uint8Array): KeyObject {
    const seed = createHmac('sha256', secret).update(`${host}\0`).update(salt).digest();
    return createPrivateKey({ key: Buffer.concat([privateKeyStart, seed]), format: 'der', type: 'pkcs8' });
  }

  return {
    async credentials({ host }, { signal }) {
      const login = loginFor(host, logins);
      if (!login || (await canFetch(login, signal))) {
        return {};
      }
      const { credentials } = login;
      return 'identityToken' in credentials
        ? { secret: credentials.identityToken }
        : { username: credentials.username, secret: credentials.password };
    },
    async getTokenAuthority({ host, salt }, { signal }) {
      const login = loginFor(host, logins);
      if (!login || !(await canFetch(login, signal))) {
        // the node asks for the credentials then
        throw new ConnectError(`no tokens for ${host}`, Code.Unimplemented);
      }
      const key = createPublicKey(keyFor(host, salt)).export({ format: 'der', type: 'spki' });
      return { publicKey: key.subarray(-publicKeyBytes) };
    },
    verifyTokenAuthority({ host, payload, salt }) {
      return { signed: Buffer.concat([sign(null, payload, keyFor(host, salt)), payload]) };
    },
    async fetchToken({ host, scopes }, { signal }) {
      const repositories = scopes.map((scope) => /^repository:([a-z\d][a-z\d._/-]*):pull$/.exec(scope)?.[1]);
      const login = loginFor(host, logins);
      const token =
        login && repositories.length > 0 && repositories.every((repository) => repository !== undefined)
          ? await fetchToken(login, repositories, signal)
          : undefined;
      if (!token) {
        throw new ConnectError(`no token for ${host}`, Code.PermissionDenied);
      }
      return {
        token: token.token,
        expiresIn: BigInt(token.lifetimeSeconds),
        issuedAt: BigInt(Math.floor(Date.now() / 1000)),
      };
    },
  };
}

async function fetchToken(
  { fetchPullToken }: RegistryLogin,
  repositories: readonly string[],
  signal: AbortSignal,
): Promise<PullToken | undefined> {
  return fetchPullToken?.(repositories, signal);
}

function loginFor(host: string, logins: readonly RegistryLogin[]): RegistryLogin | undefined {
  const registry = /^(?:registry-1|index)\.docker\.io$/.test(host) ? 'docker.io' : host;
  return logins.find((login) => login.registry === registry);
}
