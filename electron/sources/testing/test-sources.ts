import { join } from 'node:path';
import { ContextSources, type ContextSourcesOptions } from '../context-sources.ts';
import { GitRepositories } from '../git-repository.ts';

/** Sources whose repositories and files are in a folder of a test. */
export function testSources(
  folder: string,
  onProgress: ContextSourcesOptions['onProgress'] = () => undefined,
): ContextSources {
  const repositories = new GitRepositories(join(folder, 'repositories'));
  return new ContextSources({ repositories, spoolFolder: join(folder, 'sources'), onProgress });
}
