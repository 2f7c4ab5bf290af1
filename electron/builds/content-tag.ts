/** Builds whose tag comes from the content of their project. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { Build, BuildRequest } from '../../shared/build.ts';
import type { ContentTag } from '../../shared/content-tag.ts';
import { formatReference, parseReference } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { openContents } from '../context/contents.ts';
import { readContentTag } from '../projects/content-tag.ts';

export interface TaggedRequest {
  /** Its reference has the tag. */
  readonly request: BuildRequest;
  readonly contentTag?: ContentTag;
}

/**
 * The request with the tag that its project has now, if it asks for that.
 * @throws Failure `project.no-git`, `input.invalid`, `context.*`; the reason of the signal
 */
export async function withContentTag(request: BuildRequest, signal?: AbortSignal): Promise<TaggedRequest> {
  const parsed = parseReference(request.reference);
  if (!request.tagByContent || typeof parsed === 'string') {
    return { request };
  }
  const { context, file, containerfile, sources = [], tagRule } = request;
  const folder = isAbsolute(context) ? await realpath(context).catch(() => context) : context;
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw fail(
      'project.no-git',
      `${context} has no tag by content, because it is not a folder of this computer.`,
      'Use a folder in a git repository, or choose a tag yourself.',
    );
  }
  const contents = await openContents({
    context: folder,
    ...(containerfile === undefined ? {} : { content: Buffer.from(containerfile) }),
    ...(file === undefined || containerfile !== undefined ? {} : { file: resolve(folder, file) }),
  });
  const { facts: _, ...contentTag } = await readContentTag(
    {
      folder,
      containerfile: contents.containerfile?.path,
      sources: await Promise.all(sources.map(({ from }) => realpath(resolve(folder, from)))),
      rule: tagRule,
      // LinuxKit sends all files
      ...(tagRule === undefined ? { ignores: (path: string) => contents.rules.ignores(path) } : {}),
    },
    { signal },
  );
  return { request: { ...request, reference: formatReference({ ...parsed, tag: contentTag.tag }) }, contentTag };
}

/** @throws Failure `project.dirty` if an image of changed files would be pushed under the tag of their content */
export function assertMayPush({ request, contentTag }: TaggedRequest): void {
  if (contentTag?.isDirty && request.push) {
    throw fail(
      'project.dirty',
      `${request.reference} is not built for a push, because files of the project differ from the commit.`,
      'Commit them, or build without a push.',
      contentTag.notes.join('\n') || undefined,
    );
  }
}

/**
 * A list has images of one content only.
 * @throws Failure `build.changed`
 */
export function assertSameContent(retried: Build, finished: number, { request }: TaggedRequest): void {
  if (request.tagByContent && finished > 0 && request.reference !== retried.reference) {
    throw fail(
      'build.changed',
      `The project has changed since build ${retried.id}: it is ${request.reference} now.`,
      'Start a new build.',
    );
  }
}
