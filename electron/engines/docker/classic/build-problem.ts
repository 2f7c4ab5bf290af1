import { type Failure, fail } from '../../../../shared/problem.ts';
import { diskFullProblem } from '../../api/engine-api.ts';
import { imageInFrom } from '../../api/step-output.ts';
import { containerfileCauses, pullCauses } from '../../buildkit/build-problem.ts';
import { isForeignProgram, startProblem } from '../../container-start.ts';
import { keywordOf } from '../../containerfile-steps.ts';
import type { EngineBuild } from '../../engine.ts';
import { ignoringPattern } from '../../ignoring-pattern.ts';
import { failedBuildProblem, type ProblemCause, programCauses } from '../../problem-causes.ts';
import type { ClassicReason } from '../builder-choice.ts';
import type { ClassicBuildOutput } from './build-output.ts';

/** Where docker keeps an unpacked context, and the files of a stage that is copied from. */
const folderPattern = /\S*\/(?:docker-builder\d+|merged)\/?/g;

const stepCauses: readonly ProblemCause[] = [
  {
    pattern: /(?:COPY|ADD) failed: .*?stat (\S+): (?:file does not exist|no such file or directory)/,
    reason: ([, path = ''], build) => missingReason(path, build),
    fix: ([, path = ''], build) => missingFix(path, build),
  },
  {
    pattern: /(?:COPY|ADD) failed: no source files were specified/,
    reason: () => 'nothing in the context matches what it copies',
    fix: () => 'Check the pattern, and that the ignore file does not exclude the files.',
  },
  {
    pattern: /failed to parse platform/,
    reason: () => 'its platform is not valid',
    fix: () =>
      'Check the platform in the FROM instruction, and that an ARG before the first FROM declares its variable.',
  },
  ...programCauses,
];

function missingReason(path: string, build: EngineBuild): string {
  const name = path.replace(/^\//, '');
  const pattern = ignoringPattern(name, build);
  return pattern === undefined
    ? `"${name}" is not in the context, stage or image that it copies from`
    : `the ignore file excludes "${name}" by the pattern ${pattern}`;
}

function missingFix(path: string, build: EngineBuild): string {
  return ignoringPattern(path.replace(/^\//, ''), build) === undefined
    ? 'Check the path, the stage or image in --from, and that .dockerignore or .containerignore does not exclude the file.'
    : 'Remove the pattern from the ignore file, or add an exception for the path (!path) below it.';
}

const causes = { pull: pullCauses, step: stepCauses, containerfile: containerfileCauses };

/** The problem of a Containerfile that uses what only BuildKit knows. @param feature a noun, in the plural */
export function buildKitProblem(node: string, { because, fix }: ClassicReason, feature: string, line: number): Failure {
  return fail(
    'engine.unsupported',
    `Node ${node}: line ${line} of the Containerfile uses ${feature}, which need BuildKit. docker on the node builds without it, because ${because}.`,
    `${fix} Or build on another node, or write the line without them.`,
  );
}

/** The problem of a build that docker ended with an error. Its `detail` is docker's unchanged message. */
export function classicProblem(
  node: string,
  reason: ClassicReason,
  build: EngineBuild,
  { step, lastLines }: Pick<ClassicBuildOutput, 'step' | 'lastLines'>,
  error: string,
): Failure {
  const [, option] = /^the (--[a-z-]+) option requires BuildKit/.exec(error) ?? [];
  if (option !== undefined && step?.line !== undefined) {
    return buildKitProblem(node, reason, `${keywordOf(step.name)} ${option} options`, step.line);
  }
  // docker repeats the command of a step, which may contain any text that the patterns look for
  const message = error
    .replace(/^The command '.*' returned a non-zero code: (?=\d+$)/s, 'exit code: ')
    .replaceAll(folderPattern, '');
  const { lines } = lastLines;
  const nodeProblem =
    diskFullProblem(node, 'docker', message, lines) ??
    startProblem(node, 'docker', build, { error: message, lastLines: lines });
  if (nodeProblem) {
    return nodeProblem;
  }
  const isForeign = isForeignProgram({ error: message, lastLines: lines });
  const baseImage = missingBaseImage(step?.name ?? '', message);
  return failedBuildProblem(causes, { node, engine: 'docker', build, error, message, step, baseImage, isForeign });
}

/** The problem of a build that docker did not start; undefined for one that has nothing to do with the Containerfile. */
export function refusedBuildProblem(
  node: string,
  reason: ClassicReason,
  build: EngineBuild,
  message: string,
): Failure | undefined {
  const [, line, flag] = /parse error (?:on )?line (\d+): unknown flag: (?:--)?([a-z-]+)/i.exec(message) ?? [];
  if (flag !== undefined) {
    const instruction = build.instructions.find(
      ({ firstLine, lastLine }) => firstLine <= Number(line) && Number(line) <= lastLine,
    );
    return buildKitProblem(node, reason, `${keywordOf(instruction?.text)} --${flag} options`.trimStart(), Number(line));
  }
  const isContainerfiles = /dockerfile|build target|target stage|build stage/i.test(message);
  return isContainerfiles
    ? failedBuildProblem(causes, {
        ...{ node, engine: 'docker', build, error: message },
        ...{ step: undefined, baseImage: undefined, isForeign: false },
      })
    : undefined;
}

/** The image of a FROM or COPY --from that docker could not get. */
function missingBaseImage(step: string, error: string): string | undefined {
  const [, copied] = /^invalid from flag value (\S+): /.exec(error) ?? [];
  if (copied !== undefined || keywordOf(step) !== 'FROM' || /failed to parse platform/.test(error)) {
    return copied;
  }
  const [, named] = /^(?:manifest for|pull access denied for) ([^\s,]+)/.exec(error) ?? [];
  return named ?? imageInFrom(step);
}
