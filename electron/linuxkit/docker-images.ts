import { posix } from 'node:path';
import type { ImageArchives } from '../../shared/image-archives.ts';
import { parseRegistryImage } from '../../shared/image-location.ts';
import { fail } from '../../shared/problem.ts';
import { readProjectFile } from '../context/project-file.ts';
import type { DockerImages } from './build-yml.ts';

/**
 * The images of the field `depends.docker-images`, whose archives LinuxKit puts into the folder of the package before it builds.
 * @param folder of the package. @param anchor the file with the field, for messages
 * @throws Failure `recipe.invalid`
 */
export async function readDockerImages(
  folder: string,
  { target, targetDir, fromFile, list }: DockerImages,
  anchor: string,
): Promise<ImageArchives | undefined> {
  const invalid = (message: string, fix: string): Error =>
    fail('recipe.invalid', `${anchor}: depends.docker-images ${message}.`, fix);
  if (target && targetDir) {
    throw invalid('has both target and target-dir', 'Keep one of them.');
  }
  if (fromFile && list.length > 0) {
    throw invalid('has both list and from-file', 'Keep one of them.');
  }
  const images = fromFile ? await readList(folder, fromFile, invalid) : list;
  const to = target || targetDir;
  if (images.length === 0) {
    return undefined;
  }
  if (!to) {
    throw invalid('does not say where the archives are to be', 'Add target: FILE, or target-dir: FOLDER.');
  }
  for (const text of images) {
    const image = parseRegistryImage(text);
    if (typeof image === 'string' || image.digest === undefined) {
      throw invalid(
        `names the image ${text}${typeof image === 'string' ? '' : ' without a digest'}`,
        'Write NAME:TAG@sha256:DIGEST.',
      );
    }
  }
  return { images: [...new Set(images)], to: insidePath(to, invalid), kind: target ? 'file' : 'folder' };
}

/** One image in each line. Those that begin with # are comments. */
async function readList(
  folder: string,
  file: string,
  invalid: (message: string, fix: string) => Error,
): Promise<string[]> {
  const content = await readProjectFile(`${folder}/${insidePath(file, invalid)}`, 'recipe');
  if (!content) {
    throw invalid(`names the file ${file}, which does not exist`, 'Correct from-file.');
  }
  const lines = content.toString('utf8').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** A path in the package, without `.` and `..`. */
function insidePath(path: string, invalid: (message: string, fix: string) => Error): string {
  const clean = posix.normalize(path).replace(/\/$/, '');
  if (clean === '.' || clean === '..' || clean.startsWith('../') || clean.startsWith('/')) {
    throw invalid(`has the path ${path}, which is not in the package`, 'Use a path in the folder of the package.');
  }
  return clean;
}
