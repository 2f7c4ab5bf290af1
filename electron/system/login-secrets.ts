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

export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  return [...secrets].reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
}

/** The same error without secrets in what people see of it. */
export function errorWithoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof Failure)) {
    return error;
  }
  const { message, detail } = error.problem;
  const hidden = withoutSecrets(message, secrets);
  const hiddenDetail = detail === undefined ? undefined : withoutSecrets(detail, secrets);
  // not with its cause, which has the secret
  return hidden === message && hiddenDetail === detail
    ? error
    : new Failure({
        ...error.problem,
        message: hidden,
        ...(hiddenDetail === undefined ? {} : { detail: hiddenDetail }),
      });
}
