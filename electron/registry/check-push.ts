import type { CredentialSource } from './credential-source.ts';
import { discardBody } from './http.ts';
import { RegistrySession } from './session.ts';

export interface PushTarget {
  readonly registry: string;
  readonly repository: string;
  readonly tlsVerify: boolean;
}

/**
 * Asks a registry whether the saved logins may push to a repository: it begins an upload and cancels it.
 * @throws Failure `registry.*`; the reason of the signal
 */
export async function checkPush(target: PushTarget, credentials: CredentialSource, signal: AbortSignal): Promise<void> {
  const session = await RegistrySession.open({ ...target, access: 'push', credentials, signal });
  try {
    const url = session.url('blobs/uploads/');
    const response = await session.sendOnce({ method: 'POST', url });
    if (response.status !== 202) {
      throw await session.failureOf(response, 'an upload');
    }
    await discardBody(response);
    const location = session.locationOf(response);
    if (location) {
      await discardBody(await session.sendOnce({ method: 'DELETE', url: location, isOptional: true }));
    }
  } finally {
    await session.close();
  }
}
