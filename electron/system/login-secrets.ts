/** Hides logins in the texts of engines and registries, which may repeat what they were sent. */
import { Failure } from '../../shared/problem.ts';

type Login = { readonly username: string; readonly password: string } | { readonly identityToken: string };

/** What gives a login away: its secret, also as it is written in a URL and in quotes, and its `Authorization` header. */
export function secretsOf(login: Login): string[] {
  const secrets =
    'password' in login
      ? [Buffer.from(`${login.username}:${login.password}`).toString('base64'), login.password]
      : [login.identityToken];
  const written = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ]);
  return [...new Set(written.filter((secret) => secret !== ''))];
}

/** The logins in addresses, such as those of proxies, as {@link secretsOf} has them. */
export function passwordsOf(addresses: Readonly<Record<string, string>>): string[] {
  return Object.values(addresses).flatMap((address) => {
    const [, username = '', password = ''] = /^[a-z\d.+-]*:\/\/([^:@/]*):([^@/]*)@/i.exec(address) ?? [];
    return password === ''
      ? []
      : [password, ...secretsOf({ username: decoded(username), password: decoded(password) })];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  return [...secrets].reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
}

/** The same error without secrets in what people see of it. */
export function errorWithoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  return hidingError(error, (text) => withoutSecrets(text, secrets));
}

/** The same error with what `hide` makes of what people see of it. */
export function hidingError(error: unknown, hide: (text: string) => string): unknown {
  if (!(error instanceof Failure)) {
    return error;
  }
  const { message, detail } = error.problem;
  const hidden = hide(message);
  const hiddenDetail = detail === undefined ? undefined : hide(detail);
  // not with its cause, which has the secret
  return hidden === message && hiddenDetail === detail
    ? error
    : new Failure({
        ...error.problem,
        message: hidden,
        ...(hiddenDetail === undefined ? {} : { detail: hiddenDetail }),
      });
}
