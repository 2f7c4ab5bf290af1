import type { CredentialSource } from './credential-source.ts';
import { RegistrySession } from './session.ts';

export interface PullTokenOptions {
  readonly registry: string;
  /** At least one. */
  readonly repositories: readonly [string, ...string[]];
  readonly credentials: CredentialSource;
  readonly signal: AbortSignal;
}

/**
 * Gets a token that only allows to pull from these repositories of a registry. The registry itself says where its tokens are.
 * Undefined if it gives none. @throws Failure `registry.*`; the reason of the signal
 */
export async function fetchPullToken({
  registry,
  repositories: [repository, ...others],
  credentials,
  signal,
}: PullTokenOptions): ReturnType<RegistrySession['token']> {
  const session = await RegistrySession.open({
    ...{ registry, repository, credentials, signal },
    access: 'pull',
    tlsVerify: true,
  });
  try {
    session.alsoRead(others);
    return await session.token();
  } finally {
    await session.close();
  }
}
