import { Failure } from '../../shared/problem.ts';
import type { NamedImage } from '../engines/named-images.ts';
import type { RegistryLogin } from '../engines/registry-login.ts';
import { type CredentialSource, withoutSource } from '../registry/credential-source.ts';
import { findCredentials } from '../registry/credentials.ts';
import { fetchPullToken } from '../registry/pull-token.ts';

/** Finds the user's logins for the images that the jobs of one build name. Each registry is looked up once. */
export class BaseImageLogins {
  readonly #source: CredentialSource;
  readonly #found = new Map<string, Promise<RegistryLogin | undefined>>();

  constructor(source: CredentialSource) {
    this.#source = source;
  }

  /**
   * One login for each registry, that for its first image. Without a login, an image may still be public.
   *
   * @param onFailure called with the failure of a credential file or helper, which has no login then
   */
  async find(images: readonly NamedImage[], onFailure: (failure: Failure) => void): Promise<RegistryLogin[]> {
    const logins: RegistryLogin[] = [];
    for (const registry of new Set(images.map((image) => image.registry))) {
      const { repository = '' } = images.find((image) => image.registry === registry) ?? {};
      const looking = this.#found.get(registry) ?? this.#look(registry, repository);
      this.#found.set(registry, looking);
      try {
        const login = await looking;
        logins.push(...(login ? [login] : []));
      } catch (error) {
        if (!(error instanceof Failure)) {
          throw error;
        }
        onFailure(error);
      }
    }
    return logins;
  }

  async #look(registry: string, repository: string): Promise<RegistryLogin | undefined> {
    const found = await findCredentials(registry, repository, this.#source);
    if (!found) {
      return undefined;
    }
    const fetchToken: RegistryLogin['fetchPullToken'] = ([first = repository, ...others], signal) =>
      fetchPullToken({ registry, repositories: [first, ...others], credentials: this.#source, signal });
    // a name of the loopback leads to another registry on the node
    const canFetch = !/^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/.test(registry);
    return { registry, credentials: withoutSource(found), ...(canFetch ? { fetchPullToken: fetchToken } : {}) };
  }
}
