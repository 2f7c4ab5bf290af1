import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { Instruction } from '../../../shared/project.ts';
import type { ContextSource } from '../../context/context-source.ts';
import { findStage, parseStages } from '../containerfile-steps.ts';
import type { EngineBuild } from '../engine.ts';

/** A tar ends with two empty blocks of 512 bytes. */
const tarEndBytes = 1024;

/**
 * podman gets the base images of later stages for the platform of an earlier `FROM --platform` as well, although it writes the
 * platform of the build into the result (4.3.1 and 5.4.2): after a stage on `$BUILDPLATFORM`, the result is for the wrong
 * architecture. So those stages get the platform of the build in a second Containerfile, which is sent in front of the context.
 * Line numbers stay the same. A file that podman runs the C preprocessor on (`.in`) stays as it is.
 */
export async function withStagePlatforms(build: EngineBuild): Promise<EngineBuild> {
  const stages = stagesWithoutPlatform(build.instructions);
  if (stages.length === 0 || build.file.endsWith('.in')) {
    return build;
  }
  // each byte is one character, so that all others stay as they are
  const lines = (await buffer(build.context.open(build.file))).toString('latin1').split('\n');
  for (const { firstLine } of stages) {
    lines[firstLine - 1] = lines[firstLine - 1]?.replace(/^(\s*FROM)(?=\s)/i, `$1 --platform=${build.platform}`) ?? '';
  }
  const content = Buffer.from(lines.join('\n'), 'latin1');
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const file = `.barnraiser-${hash}.Containerfile`;
  const entry = await tarEntry(file, content);
  return { ...build, file, excludes: [...build.excludes, file], context: withEntry(build.context, entry) };
}

/** The FROM instructions that name an image but no platform, after one with a platform. */
function stagesWithoutPlatform(instructions: readonly Instruction[]): Instruction[] {
  const stages = parseStages(instructions);
  const found = stages.flatMap(({ instructions: [from] }, index) => {
    const [, flags = '', image = ''] = /^\s*FROM\s+((?:--\S+\s+)*)(\S+)/i.exec(from?.text ?? '') ?? [];
    const isImage = image !== 'scratch' && findStage(stages.slice(0, index), image, false) === undefined;
    return from ? [{ from, hasPlatform: /--platform=/i.test(flags), isImage }] : [];
  });
  const first = found.findIndex(({ hasPlatform }) => hasPlatform);
  return found.flatMap(({ from, hasPlatform, isImage }, index) =>
    first >= 0 && index > first && isImage && !hasPlatform ? from : [],
  );
}

async function tarEntry(name: string, content: Buffer): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name, mode: 0o644, mtime: new Date(0) }, content);
  tar.finalize();
  const bytes = await buffer(tar);
  return bytes.subarray(0, bytes.length - tarEndBytes);
}

/** A context whose tar begins with one more entry. */
function withEntry(context: ContextSource, entry: Buffer): ContextSource {
  return {
    tar: (options) =>
      Readable.from(
        (async function* () {
          yield entry;
          yield* context.tar(options);
        })(),
        { objectMode: false },
      ),
    files: () => context.files(),
    open: (path) => context.open(path),
    ...(context.packed ? { packed: { ...context.packed, prefix: entry } } : {}),
  };
}
