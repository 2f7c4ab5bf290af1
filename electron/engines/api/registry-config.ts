import type { RegistryLogin } from '../registry-login.ts';
import { base64Url } from './image-requests.ts';

/**
 * The header with the logins of a build: engines read them by registry.
 * @param dockerHub what the engine calls Docker Hub there
 */
export function registryConfigHeader(logins: readonly RegistryLogin[], dockerHub: string): Record<string, string> {
  if (logins.length === 0) {
    return {};
  }
  const entries = logins.map(({ registry, credentials }) => [
    registry === 'docker.io' ? dockerHub : registry,
    'identityToken' in credentials ? { identitytoken: credentials.identityToken } : credentials,
  ]);
  return { 'X-Registry-Config': base64Url(JSON.stringify(Object.fromEntries(entries))) };
}
