import { formatCount, formatDuration, formatList } from '../../../shared/format.ts';
import { recipeFileName } from '../../../shared/recipe.ts';
import type { Watch } from '../../../shared/watch.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { proxyInput } from './build.ts';
import { inOrder, resolveBuild, ShownBuilds } from './later-build.ts';
import { readCredentials } from './push.ts';
import { readSecrets } from './secrets.ts';

/** How many of the changed paths are named. */
const maxNamedPaths = 5;

/** Builds a project again and again, until it is interrupted. */
export async function watchProject(
  frontEnd: TerminalFrontEnd,
  { build, watch: options }: Extract<Command, { kind: 'watch' }>,
): Promise<number> {
  const resolved = await resolveBuild(frontEnd, build);
  if (!resolved) {
    return 1;
  }
  const pushCredentials = await readCredentials(frontEnd, build.credentials);
  const { request, inputs } = await readSecrets(frontEnd, resolved.request);
  const { outputFiles: files, quiet } = build;
  let watch: Watch | undefined;
  const builds = new ShownBuilds(frontEnd, {
    isOwn: (trigger) => trigger.kind === 'watch' && trigger.id === watch?.id,
    quiet,
    files,
    reported: resolved.warnings,
  });
  const events = inOrder(async (event) => {
    if (event.event !== 'watch.changed') {
      await builds.handle(event);
    } else if (event.watch.id === watch?.id) {
      if (frontEnd.options.json) {
        frontEnd.printJson(event);
      } else {
        printChange(frontEnd, builds, watch, event.watch);
      }
      watch = event.watch;
    }
  });
  // what happens before the id is known is handled when it is
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const unsubscribe = frontEnd.subscribe((event) => void begun.then(() => events.add(event)));
  try {
    watch = await frontEnd.start('watches.start', {
      ...request,
      ...inputs,
      ...proxyInput(request),
      pushCredentials,
      watch: { ...options, excluded: Object.values(files) },
    });
    begin();
    await frontEnd.start('watches.hold', { id: watch.id });
    return 0;
  } finally {
    begin();
    await begun;
    await events.idle();
    unsubscribe();
    builds.close();
  }
}

function printChange(frontEnd: TerminalFrontEnd, builds: ShownBuilds, before: Watch, now: Watch): void {
  const { change, polling, problem, state } = now;
  if (polling && polling.reason !== before.polling?.reason) {
    builds.print(() =>
      frontEnd.printNotes(`${polling.reason} The project is looked at every ${formatDuration(polling.everyMs)}.`),
    );
  }
  if (change && change.at !== before.change?.at) {
    builds.print(() => frontEnd.printNotes(...changeLines(change)));
  }
  if (problem && problem.message !== before.problem?.message) {
    builds.print(() => frontEnd.reportProblem(problem, state === 'missing' ? 'warning' : 'error'));
  }
  if (state !== before.state && state === 'missing') {
    builds.print(() => frontEnd.printNotes('Waiting until the project is back. Press Ctrl+C to stop.'));
  } else if (state === 'waiting' && before.state !== 'waiting') {
    const entries = formatCount(now.entries, 'file and folder', 'files and folders');
    builds.print(() => frontEnd.printNotes(`Watching ${entries} for changes. Press Ctrl+C to stop.`));
  }
}

function changeLines({ paths, count, cancelled }: NonNullable<Watch['change']>): string[] {
  const named = paths.slice(0, maxNamedPaths);
  const others = count - named.length;
  const names = formatList([...named, ...(others > 0 ? [formatCount(others, 'other')] : [])]);
  return [
    '',
    `Changed: ${names}.${cancelled === undefined ? '' : ' The build that this outdates was cancelled.'}`,
    ...(paths.includes(recipeFileName)
      ? [`The options are still those with which the watch began. To use others of ${recipeFileName}, start it again.`]
      : []),
  ];
}
