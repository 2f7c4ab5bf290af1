import type { Writable } from 'node:stream';
import type { Bake } from '../../../shared/bake.ts';
import type { Build } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { formatClock, formatCount } from '../../../shared/format.ts';
import { type Failure, fail } from '../../../shared/problem.ts';
import type { BakeDescription } from '../../../shared/recipe.ts';
import { wordOf } from '../../../shared/words.ts';
import { assertAllowed, type Described, describeBake } from '../../recipes/describe-bake.ts';
import { sharedFields } from '../../recipes/recipe-file.ts';
import type { Command, PushCredentials } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { type BuildView, isPausable } from '../output/build-view.ts';
import { formatTable } from '../output/columns.ts';
import { JsonView, PlainTextView } from '../output/line-views.ts';
import { buildOutputLines } from '../output/output-lines.ts';
import { cleanLine } from '../output/text.ts';
import { readTextInput } from '../text-input.ts';
import { readCredentials } from './push.ts';
import { readSecrets } from './secrets.ts';

type BakeCommand = Extract<Command, { kind: 'bake' }>;

/** Builds what a bake lacks. */
export async function retryBake(
  frontEnd: TerminalFrontEnd,
  id: string,
  credentials: PushCredentials | undefined,
): Promise<number> {
  const pushCredentials = await readCredentials(frontEnd, credentials);
  const earlier = await frontEnd.call('bakes.get', { id });
  const given: Record<string, object> = {};
  for (const { name, build, status } of earlier.images) {
    if (build !== undefined && status !== 'done') {
      const { request } = await frontEnd.call('builds.get', { id: build });
      given[name] = (await readSecrets(frontEnd, request)).inputs;
    }
  }
  return followBake(frontEnd, async () => (await frontEnd.start('bakes.retry', { id, given, pushCredentials })).id);
}

/** Builds the images that the files of a project describe. */
export async function bake(frontEnd: TerminalFrontEnd, command: BakeCommand): Promise<number> {
  const described = await describe(frontEnd, command);
  const { description } = described;
  if (command.output === 'list') {
    frontEnd.printResult({ groups: description.groups, targets: description.targets }, () => listLines(description));
    return 0;
  }
  if (command.output === 'print') {
    printDescribed(frontEnd, described);
    return 0;
  }
  assertAllowed(description);
  printLeftOut(frontEnd, description);
  const pushCredentials = await readCredentials(frontEnd, command.credentials);
  const images: BakeDescription['images'] = [];
  const given: Record<string, object> = {};
  for (const image of description.images) {
    const { request, inputs } = await readSecrets(frontEnd, image.request);
    images.push({ ...image, request });
    given[image.name] = inputs;
  }
  return followBake(frontEnd, async () => {
    const { id } = await frontEnd.start('bakes.start', {
      project: description.project,
      images,
      given,
      pushCredentials,
    });
    return id;
  });
}

async function describe(frontEnd: TerminalFrontEnd, command: BakeCommand): Promise<Described> {
  const { folder, files, targets, overrides, allow, variables, flags } = command;
  const { kept } = await frontEnd.call('recipes.find', { folder });
  const standardInput = files.includes('-')
    ? await readTextInput(frontEnd, { from: 0, maxBytes: 1024 * 1024, failure: (detail) => inputFailure(detail) })
    : undefined;
  return describeBake({
    folder,
    files,
    targets,
    overrides,
    allow,
    flags,
    push: flags.push !== undefined,
    settings: kept ? sharedFields(kept) : {},
    environment: (name) => (Object.hasOwn(variables, name) ? variables[name] : process.env[name]),
    ...(standardInput === undefined ? {} : { standardInput }),
  });
}

function inputFailure(detail: string | undefined): Failure {
  return detail === undefined
    ? fail('recipe.invalid', 'Standard input is larger than 1 MiB, which is the limit for a recipe.', 'Divide it.')
    : fail('recipe.invalid', 'Standard input cannot be read.', 'Check what follows -f.', detail);
}

function listLines({ groups, targets }: BakeDescription): string[] {
  const rows = [...groups.map((group) => [group.name, group.targets.join(', ')]), ...targets.map((name) => [name, ''])];
  return formatTable(
    [{ title: 'TARGET' }, { title: 'GROUP OF' }],
    rows.map((row) => row.map((cell) => cleanLine(cell))),
  );
}

/** As buildx prints it, and the requests of the builds. */
function printDescribed({ options }: TerminalFrontEnd, { bake: printed, description }: Described): void {
  const { images, leftOut, environment, permissions } = description;
  const builds = images.map(({ name, request, depends }) => ({ name, depends, request }));
  const value = { ...printed, builds, leftOut, environment, permissions };
  options.output.write(`${JSON.stringify(value, null, options.json ? 0 : 2)}\n`);
}

function printLeftOut(frontEnd: TerminalFrontEnd, { files, leftOut, environment }: BakeDescription): void {
  const used = environment.filter(({ isSet }) => isSet).map(({ name }) => name);
  frontEnd.printNotes(
    `Read ${files.join(', ')}${used.length === 0 ? '' : `, with ${used.join(', ')} of the environment`}.`,
    ...leftOut.map(({ target, field, file, line, reason }) =>
      cleanLine(
        `${file}, line ${line}: ${field}${target === undefined ? '' : ` of ${target}`} is left out: ${reason}.`,
      ),
    ),
  );
}

/** Follows a bake to its end: as a live grid on a terminal, else as plain lines, or as JSON. */
export async function followBake(frontEnd: TerminalFrontEnd, start: () => Promise<string>): Promise<number> {
  const { output, json } = frontEnd.options;
  const view = await createView(frontEnd);
  try {
    const { bake: ended } = await frontEnd.withScreen(isPausable(view) ? view : undefined, () =>
      frontEnd.follow('bake.changed', {
        start,
        cancel: 'bakes.cancel',
        isEnd: (event) => event.event === 'bake.changed' && event.bake.status !== 'running',
        onEvent: (event) => view.onEvent(event),
      }),
    );
    view.finish();
    const builds = await buildsOf(frontEnd, ended);
    if (!json) {
      await printBake(frontEnd, ended, builds, output);
    }
    const isWritten = builds.every((build) => build?.outputs?.every((each) => each.status === 'done') ?? true);
    return ended.status === 'cancelled' ? 130 : ended.status === 'done' && isWritten ? 0 : 1;
  } catch (error) {
    view.finish();
    throw error;
  }
}

async function createView(frontEnd: TerminalFrontEnd): Promise<BuildView> {
  const { output, json } = frontEnd.options;
  if (json) {
    return new JsonView(output);
  }
  if (!frontEnd.draws(output)) {
    return new PlainBakeView(output);
  }
  const [{ LiveGrid }, { BakeFrames }, { paintFor }] = await Promise.all([
    import('../output/live-grid.ts'),
    import('../output/bake-frame.ts'),
    import('../output/paint.ts'),
  ]);
  return new LiveGrid(output, paintFor(output), new BakeFrames());
}

/** Plain lines of all builds, each with the name of its image. */
class PlainBakeView implements BuildView {
  readonly #stream: Writable;
  readonly #views = new Map<string, PlainTextView>();
  readonly #statuses = new Map<string, string>();

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  onEvent(event: AppEvent): void {
    if (event.event === 'build.started' && event.build.request.bake) {
      this.#views.set(event.build.id, new PlainTextView(this.#stream, event.build.request.bake.image));
    }
    if (event.event === 'bake.changed') {
      this.#printChanges(event.bake);
      return;
    }
    for (const view of this.#views.values()) {
      view.onEvent(event);
    }
  }

  finish(): void {
    for (const view of this.#views.values()) {
      view.finish();
    }
  }

  #printChanges({ images }: Bake): void {
    for (const { name, status, problem, isReused } of images) {
      if (this.#statuses.get(name) !== status && status !== 'waiting' && !isReused) {
        this.#stream.write(`${cleanLine(`[${name}] ${wordOf(status)}${problem ? `: ${problem.message}` : ''}`)}\n`);
      }
      this.#statuses.set(name, status);
    }
  }
}

/** The build of each image, if it has one. */
function buildsOf(frontEnd: TerminalFrontEnd, { images }: Bake): Promise<(Build | undefined)[]> {
  return Promise.all(
    images.map(async ({ build: id }) => (id === undefined ? undefined : await frontEnd.start('builds.get', { id }))),
  );
}

/** The images with their outcome, the summaries of failed builds, what became of outputs, and how to go on. */
async function printBake(
  frontEnd: TerminalFrontEnd,
  { id, images, status, durationMs = 0 }: Bake,
  builds: readonly (Build | undefined)[],
  output: Writable,
): Promise<void> {
  const [{ printSummary }, { paintFor }] = await Promise.all([
    import('../output/build-summary.ts'),
    import('../output/paint.ts'),
  ]);
  const paint = paintFor(output);
  for (const [index, { name, status: ended, problem }] of images.entries()) {
    const build = builds[index];
    if (ended === 'failed' && build) {
      frontEnd.print('', `${name}:`);
      printSummary(output, build);
    } else if (ended === 'failed' && problem) {
      frontEnd.reportProblem({ ...problem, message: `${name}: ${problem.message}` });
    }
  }
  const digests = builds.map((build) => build?.list?.digest ?? build?.push?.digest ?? '');
  const written = builds.flatMap((build) => (build?.status === 'done' ? (build.outputs ?? []) : []));
  const done = images.filter((image) => image.status === 'done').length;
  frontEnd.print(
    '',
    ...formatTable(
      [{ title: 'IMAGE' }, { title: 'STATUS' }, { title: 'REFERENCE' }, { title: 'BUILD' }, { title: 'DIGEST' }],
      images.map((image, index) => [
        cleanLine(image.name),
        wordOf(image.isReused ? 'kept' : image.status),
        cleanLine(image.reference),
        image.build ?? '',
        digests[index] ?? '',
      ]),
    ),
    '',
    `${done} of ${formatCount(images.length, 'image')} in ${formatClock(durationMs)}.`,
    ...written.flatMap((state) => buildOutputLines(state, paint)),
    ...(status === 'done'
      ? []
      : [`Build what is missing: barnraiser ${status === 'interrupted' ? 'resume' : 'retry'} ${id}`]),
  );
}
