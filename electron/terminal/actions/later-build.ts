/** Builds that are made later, or again and again: the terminal resolves their options once and shows each of them. */
import type { Build } from '../../../shared/build.ts';
import { type AppEvent, buildIdOf } from '../../../shared/contract.ts';
import { fail } from '../../../shared/problem.ts';
import type { ProjectWarning } from '../../../shared/project.ts';
import type { Trigger } from '../../../shared/trigger.ts';
import type { BuildCommand, OutputFiles } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { type BuildView, isPausable } from '../output/build-view.ts';
import { readTextInput } from '../text-input.ts';
import {
  checkProject,
  containerfileInput,
  createView,
  isLintWarning,
  isShown,
  openLog,
  printEnd,
  suggestReference,
  withRecipe,
  writeOutputFiles,
} from './build.ts';

type LaterBuild = Omit<BuildCommand, 'kind'>;

export interface ResolvedBuild {
  readonly request: BuildCommand['request'] & { readonly reference: string };
  /** What was reported of the Containerfile. */
  readonly warnings: readonly ProjectWarning[];
}

/**
 * The request of a build with the options of recipes, and with a name. Prints what is wrong with the project.
 * @returns undefined if the project cannot be built. @throws Failure `context.*`
 */
export async function resolveBuild(
  frontEnd: TerminalFrontEnd,
  { request: flags, containerfileFrom, usesRecipe, lint }: LaterBuild,
): Promise<ResolvedBuild | undefined> {
  const given = usesRecipe ? await withRecipe(frontEnd, flags) : flags;
  const request =
    containerfileFrom === undefined
      ? given
      : { ...given, containerfile: await readTextInput(frontEnd, containerfileInput(containerfileFrom)) };
  const project = await checkProject(frontEnd, request, lint);
  if (project.errors.length > 0) {
    return undefined;
  }
  if (lint === 'error' && project.warnings.some(isLintWarning)) {
    throw fail(
      'context.containerfile',
      'The Containerfile has warnings, and --lint=error refuses to build it then.',
      'Correct them, or leave --lint out.',
    );
  }
  const reference = request.reference ?? (await suggestReference(frontEnd, request, project));
  return { request: { ...request, reference }, warnings: project.warnings.filter((each) => isShown(each, lint)) };
}

interface ShownBuildsOptions {
  readonly isOwn: (trigger: Trigger) => boolean;
  readonly quiet?: boolean;
  readonly files?: OutputFiles;
  readonly reported?: readonly ProjectWarning[];
}

interface ShownBuild {
  readonly id: string;
  readonly views: readonly BuildView[];
  readonly end: () => void;
}

/** Shows builds that something else starts, one after another. */
export class ShownBuilds {
  readonly #frontEnd: TerminalFrontEnd;
  readonly #options: ShownBuildsOptions;
  #current: ShownBuild | undefined;
  #notes: (() => void)[] = [];

  constructor(frontEnd: TerminalFrontEnd, options: ShownBuildsOptions) {
    this.#frontEnd = frontEnd;
    this.#options = options;
  }

  /** Events have to come one after another: each when the one before is done. */
  async handle(event: AppEvent): Promise<void> {
    if (event.event === 'build.started' && !this.#current) {
      const { trigger } = event.build.request;
      if (trigger && this.#options.isOwn(trigger)) {
        await this.#start(event.build);
      }
    }
    const id = buildIdOf(event);
    if (id === undefined || id !== this.#current?.id) {
      return;
    }
    for (const view of this.#current.views) {
      view.onEvent(event);
    }
    if (event.event === 'build.finished') {
      await this.#finish(event.build);
    }
  }

  /** Prints at once, or when the build that is drawn now has ended. */
  print(print: () => void): void {
    if (this.#current) {
      this.#notes.push(print);
    } else {
      print();
    }
  }

  /** To be called at the end. */
  close(): void {
    this.#end();
  }

  async #start({ id }: Build): Promise<void> {
    const { quiet = false, files } = this.#options;
    const log = files?.logfile === undefined ? undefined : openLog(files.logfile);
    const view = quiet ? undefined : await createView(this.#frontEnd);
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    // questions pause what is drawn
    void this.#frontEnd.withScreen(view && isPausable(view) ? view : undefined, () => ended);
    this.#current = { id, views: [view, log].filter((each) => each !== undefined), end };
  }

  async #finish(build: Build): Promise<void> {
    const { quiet = false, files, reported = [] } = this.#options;
    for (const view of this.#current?.views ?? []) {
      view.finish();
    }
    await printEnd(this.#frontEnd, build, quiet, reported);
    this.#current?.end();
    this.#current = undefined;
    await writeOutputFiles(build, files ?? {}).catch((error: unknown) => this.#frontEnd.reportError(error));
    this.#printNotes();
  }

  #end(): void {
    for (const view of this.#current?.views ?? []) {
      view.finish();
    }
    this.#current?.end();
    this.#current = undefined;
    this.#printNotes();
  }

  #printNotes(): void {
    for (const print of this.#notes.splice(0)) {
      print();
    }
  }
}

/** Handles events one after another, however long each takes. */
export function inOrder(handle: (event: AppEvent) => Promise<void>): {
  readonly add: (event: AppEvent) => void;
  /** Resolves when all events so far are handled. */
  readonly idle: () => Promise<void>;
} {
  let last: Promise<void> = Promise.resolve();
  return {
    add: (event) => {
      last = last.then(() => handle(event));
    },
    idle: () => last,
  };
}
