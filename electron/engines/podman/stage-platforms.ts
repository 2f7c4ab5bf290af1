import type { Instruction } from '../../../shared/project.ts';
import { changeLines, tarEntry, withEntry } from '../changed-containerfile.ts';
import { findStage, parseStages } from '../containerfile-steps.ts';
import type { EngineBuild } from '../engine.ts';

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
  const { file, content } = await changeLines(build, (lines) => {
    for (const { firstLine } of stages) {
      lines[firstLine - 1] =
        lines[firstLine - 1]?.replace(/^(\s*FROM)(?=\s)/i, `$1 --platform=${build.platform}`) ?? '';
    }
  });
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
