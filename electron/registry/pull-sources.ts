/** From where images of a registry are read: its mirrors, then the registry itself. */
import { Failure, fail } from '../../shared/problem.ts';
import type { CredentialSource } from './credential-source.ts';
import { registryNames } from './credentials.ts';
import { RegistrySession, type SessionOptions } from './session.ts';

/** The sources of a request, the first choice first. What is pushed goes to the registry itself. */
export async function pullSources(options: SessionOptions): Promise<[SessionOptions, ...SessionOptions[]]> {
  const { settings } = options.credentials;
  if (options.access !== 'pull' || !settings) {
    return [options];
  }
  const { mirrors, location } = await settings(registryNames(options));
  // some mirrors are to be asked for digests only, and what is read here begins with a tag
  const sources = mirrors
    .filter(({ pulls }) => pulls !== 'digest-only')
    .map((mirror) => ({
      ...sourceAt(mirror.location, options),
      tlsVerify: !mirror.insecure,
      // another source is there
      wait: () => Promise.reject(fail('registry.unreachable', `The mirror ${mirror.location} does not answer.`, '')),
    }));
  const last = location === undefined ? options : sourceAt(location, options);
  const [first, ...others] = [...sources, last];
  return first ? [first, ...others] : [last];
}

/** Opens the first source that answers. @throws Failure of the last */
export async function openFirst(
  first: SessionOptions,
  others: readonly SessionOptions[],
): Promise<{ readonly session: RegistrySession; readonly others: readonly SessionOptions[] }> {
  try {
    return { session: await RegistrySession.open(first), others };
  } catch (error) {
    const [next, ...rest] = others;
    if (!next || !(error instanceof Failure)) {
      throw error;
    }
    return openFirst(next, rest);
  }
}

/** A source has settings of its own, but no mirrors of its own. */
function sourceAt(location: string, options: SessionOptions): SessionOptions {
  const [registry = '', ...path] = location.split('/');
  const { explicit: _, ...source } = options.credentials;
  // what was entered is for the registry itself
  const credentials: CredentialSource = registry === options.registry ? options.credentials : source;
  return { ...options, registry, repository: path.join('/'), credentials };
}
