import { fail } from '../../shared/problem.ts';
import { textOf } from '../system/lenient-json.ts';
import { secretsOf, withoutSecrets } from '../system/login-secrets.ts';
import { parseRealm } from './authorizer.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credential-source.ts';
import { discardBody, type HttpRequest, type HttpResponse, readBody } from './http.ts';
import { networkFailure, readAnswer } from './network-errors.ts';
import { type HostOptions, openHost } from './open-host.ts';
import { loginFailure, parseErrorMessage, tokenFailure } from './response-failures.ts';
import { sendWithRetries } from './retry.ts';
import type { LoginSecret } from './saved-logins.ts';
import { basicAuthorization, createLoginRequest, parseTokenResponse } from './token-request.ts';

export interface SignInOptions extends HostOptions {
  readonly username: string;
  readonly password: string;
}

const maxAnswerBytes = 1024 * 1024;

/**
 * Tries a user name and password, or token, at a registry: as the token server's user where it has one, otherwise at `/v2/`.
 * @returns what to save: an identity token if the token server gives one instead of the password. `checked` is false if the registry
 *   asks for no login, so that it has not looked at this one
 * @throws Failure `registry.*`, `input.invalid`; the reason of the signal
 */
export async function trySignIn(
  options: SignInOptions,
): Promise<{ readonly secret: LoginSecret; readonly checked: boolean }> {
  const { registry, username, password, signal, wait } = options;
  assertSendable(options);
  const { http, settings, origin, challenges } = await openHost(options);
  const send = (request: Omit<HttpRequest, 'signal'>, server = 'the registry'): Promise<HttpResponse> =>
    sendWithRetries(() => http.send({ ...request, signal }), {
      signal,
      wait,
      toFailure: (error) => networkFailure(server, request.url, error, registry),
    });
  const entered: Credentials = { username, password, source: 'as entered' };
  const redact = (text: string | undefined) => text && withoutSecrets(text, secretsOf(entered));
  try {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const url = new URL('/v2/', origin);
    if (!bearer) {
      const value = basicAuthorization(entered);
      const response = await send({ method: 'GET', url, authorization: { origin, value }, redirect: 'manual' });
      const detail = redact(await readMessage(response));
      if (response.status === 401) {
        throw loginFailure(registry, entered, detail);
      }
      return { secret: { username, password }, checked: challenges.some(({ scheme }) => scheme === 'basic') };
    }
    const realm = parseRealm(bearer, { registry, tlsVerify: settings.tls === 'verify' });
    const response = await send(createLoginRequest(realm, bearer, entered), `the token server of ${registry}`);
    const body = await readAnswer(response, maxAnswerBytes, `the token server of ${registry}`, registry);
    const detail = redact(parseErrorMessage(body));
    if (response.status === 401 || response.status === 403) {
      throw loginFailure(registry, entered, detail);
    }
    const token = response.status === 200 ? parseTokenResponse(body) : undefined;
    if (!token) {
      throw tokenFailure(registry, realm.host, response.status, detail);
    }
    // a token without scopes is enough for this, where the registry takes it at all
    const authorization = { origin, value: `Bearer ${token.token}` };
    const tried = await send({ method: 'GET', url, authorization, redirect: 'manual' });
    const message = redact(await readMessage(tried));
    if (tried.status === 401 && !isScopeMissing(tried)) {
      throw loginFailure(registry, entered, message);
    }
    const identityToken = textOf(JSON.parse(body), 'refresh_token');
    return {
      secret: identityToken === undefined ? { username, password } : { identityToken, username },
      checked: true,
    };
  } finally {
    await http.close();
  }
}

/** Some registries want a scope even for `/v2/`. The token server has accepted the login then. */
function isScopeMissing(response: HttpResponse): boolean {
  return parseChallenges(response.headers['www-authenticate']).some(
    ({ parameters }) => parameters.error === 'insufficient_scope' || parameters.scope !== undefined,
  );
}

async function readMessage(response: HttpResponse): Promise<string | undefined> {
  if (response.status < 400) {
    await discardBody(response);
    return undefined;
  }
  const body = await readBody(response, maxAnswerBytes).catch(() => undefined);
  return body && parseErrorMessage(body.toString('utf8'));
}

/** @throws Failure `input.invalid` */
function assertSendable({ username, password }: SignInOptions): void {
  if (username === '' || username.includes(':')) {
    throw fail('input.invalid', 'A user name is not empty and has no colon.', 'Check the user name.');
  }
  if (password === '') {
    throw fail('input.invalid', 'The password is empty.', 'Enter the password, or an access token instead of it.');
  }
}
