/**
 * A token server as in the distribution specification: a client sends username and password and gets a signed token that the
 * registry trusts.
 */
import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { mustRun } from './command.ts';

export interface TokenServer {
  realm: string;
  service: string;
  issuer: string;
  /** PEM file of the certificate whose key signs the tokens. */
  certificateFile: string;
  stop(): Promise<void>;
}

interface TokenServerOptions {
  username: string;
  password: string;
  /** Folder for the key and the certificate. */
  folder: string;
  onScope(scope: string): void;
  /** Whether it gives identity tokens, and tokens for them. */
  identityTokens?: boolean;
}

const service = 'lab-registry';
const issuer = 'lab-token-server';
const lifetimeSeconds = 300;

export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const keyFile = path.join(options.folder, 'token-key.pem');
  const certificateFile = path.join(options.folder, 'token-certificate.pem');
  const selfSigned = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=lab-token-server'];
  await mustRun(['openssl', 'req', ...selfSigned, '-keyout', keyFile, '-out', certificateFile]);
  const key = createPrivateKey(await readFile(keyFile));
  const certificate = new X509Certificate(await readFile(certificateFile)).raw.toString('base64');
  const expected = `Basic ${Buffer.from(`${options.username}:${options.password}`).toString('base64')}`;

  const identityToken = randomUUID();

  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://token-server');
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.method === 'POST' && options.identityTokens) {
      void readText(request).then((text) => {
        const form = new URLSearchParams(text);
        if (form.get('refresh_token') !== identityToken) {
          return answer(401, { errors: [{ code: 'UNAUTHORIZED', message: 'unknown identity token' }] });
        }
        const token = signedToken((form.get('scope') ?? '').split(' '));
        return answer(200, { access_token: token, expires_in: lifetimeSeconds });
      });
      return;
    }
    if (request.method !== 'GET' || url.pathname !== '/token') {
      return answer(404, {});
    }
    if (request.headers.authorization !== expected) {
      return answer(401, { errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] });
    }
    const scopes = url.searchParams.getAll('scope').flatMap((scope) => scope.split(' '));
    for (const scope of scopes) {
      options.onScope(scope);
    }
    const token = signedToken(scopes);
    const refresh =
      options.identityTokens && url.searchParams.get('offline_token') === 'true'
        ? { refresh_token: identityToken }
        : {};
    const issued = { expires_in: lifetimeSeconds, issued_at: new Date().toISOString() };
    answer(200, { token, access_token: token, ...issued, ...refresh });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('The TCP server has no port.');
  }

  return {
    realm: `http://127.0.0.1:${address.port}/token`,
    service,
    issuer,
    certificateFile,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  /** A JSON web token, signed with RS256. Its x5c header holds the certificate of the key. */
  function signedToken(scopes: readonly string[]): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      sub: options.username,
      aud: service,
      iat: now,
      nbf: now - 10,
      exp: now + lifetimeSeconds,
      jti: randomUUID(),
      access: scopes.flatMap(accessOf),
    };
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const signed = `${encode({ typ: 'JWT', alg: 'RS256', x5c: [certificate] })}.${encode(claims)}`;
    return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
  }
}

/** Parses `TYPE:NAME:ACTION,ACTION`. A name may contain colons (host:port), a type and actions do not. */
function accessOf(scope: string): { type: string; name: string; actions: string[] }[] {
  const match = /^([^:]+):(.+):([^:]*)$/.exec(scope);
  if (!match?.[1] || !match[2]) {
    return [];
  }
  return [{ type: match[1], name: match[2], actions: (match[3] ?? '').split(',') }];
}

async function readText(request: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
  }
  return text;
}
