import { fail } from '../../shared/problem.ts';
import type { BuiltFile } from './open-project.ts';
import { parseContainerfile } from './parse-containerfile.ts';

/** podman runs the C preprocessor on such a file, whose FROM may be in another one. Other engines read it as it is. */
export function isPreprocessed({ name }: Pick<BuiltFile, 'name'>): boolean {
  return name.endsWith('.in');
}

/**
 * The daemon of docker 26.1.5 crashes when its BuildKit gets a Containerfile without FROM.
 * @throws Failure `context.containerfile`
 */
export function assertStage({ path, content }: Pick<BuiltFile, 'path' | 'content'>): void {
  const text = content.toString('utf8');
  // another language may have no FROM: BuildKit leaves the file to the image that its first line names
  const isOtherLanguage = /^#[ \t]*syntax[ \t]*=[ \t]*\S/.test(text);
  if (!isOtherLanguage && parseContainerfile(text).instructions.every(({ keyword }) => keyword !== 'FROM')) {
    throw fail('context.containerfile', `${path} has no FROM.`, 'Start it with FROM and a base image.');
  }
}
