import type { NodeSelection } from '../../shared/farm.ts';
import { isStandardOutput } from '../../shared/output.ts';
import { problemOf } from '../../shared/problem.ts';
import type { App } from '../app.ts';
import { attachToRunningApp } from '../attach/client.ts';
import { handleTermination } from '../system/termination.ts';
import type { Command } from './command.ts';
import { parseArguments } from './commands/parse-arguments.ts';
import { TerminalFrontEnd } from './front-end.ts';
import { printProblem, printUsageProblem } from './output/problem.ts';
import { runCommand } from './run-command.ts';

/**
 * Runs a command line. @param argv the arguments after the name of the program
 * @returns the exit code: those that `--help` lists
 */
export async function runTerminal(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const columns = stdout.columns ?? 80;
  const parsed = parseArguments(argv, { env: process.env, cwd: process.cwd(), columns });
  switch (parsed.kind) {
    case 'text':
      stdout.write(parsed.text);
      return 0;
    case 'version':
      return printVersion(parsed);
    case 'invalid':
      printUsageProblem(stderr, parsed.problem, parsed);
      return 2;
    case 'command':
      break;
  }
  const { command, global } = parsed;
  if (command.kind === 'explain') {
    // it has to work also where the app cannot be started
    const { explain } = await import('./actions/explain.ts');
    return explain(command, { output: stdout, errors: stderr, json: global.json });
  }
  const interrupted = interruptSignal();
  try {
    // what is discovered depends on more of this environment than any other command does, such as DOCKER_HOST
    const running =
      command.kind === 'connection.import' ? undefined : await attachToRunningApp({ hasToShareEnvironment: true });
    const { app, onListening } = running ? { app: running } : await startApp(command);
    try {
      const frontEnd = new TerminalFrontEnd(app, {
        input: stdin,
        output: printsImage(command) ? stderr : stdout,
        content: stdout,
        errors: stderr,
        interrupted,
        ...global,
      });
      onListening?.();
      return await runCommand(frontEnd, command);
    } finally {
      await app.close();
    }
  } catch (error) {
    if (interrupted.aborted && error === interrupted.reason) {
      return 130;
    }
    printProblem(stderr, problemOf(error), global);
    return 1;
  }
}

/**
 * Aborts when the person interrupts the program, so that running work can be cancelled in order, and when nothing reads
 * standard output any more, as in `barnraiser logs BUILD | head`. A second signal, later, ends the process at once.
 */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  handleTermination({
    onFirst: () => controller.abort(),
    onSecond: () =>
      process.stderr.write(
        'Ended without cleaning up. What runs on the nodes continues until the next build there, which ends it and ' +
          'removes what it left.\n',
      ),
  });
  process.stdout.on('error', () => controller.abort());
  // an error of standard error cannot be reported anywhere
  process.stderr.on('error', () => undefined);
  return controller.signal;
}

/** Whether an image goes to standard output, where nothing else may be printed then. */
function printsImage(command: Command): boolean {
  switch (command.kind) {
    case 'export':
      return command.outputs.some(isStandardOutput);
    case 'build':
      return command.request.outputs?.some(isStandardOutput) ?? false;
    default:
      return false;
  }
}

/** Needs no app: only a check reads the settings and asks the list of releases. */
async function printVersion({ check, json }: { readonly check: boolean; readonly json: boolean }): Promise<number> {
  const { showVersion } = await import('./actions/version.ts');
  return showVersion({ output: process.stdout, errors: process.stderr, check, json });
}

/** Loads the app only where no other process runs it. */
async function startApp(command: Command): Promise<StartedApp> {
  const begun = command.kind === 'build' ? await beginBuild(command.request) : undefined;
  const { createApp } = await import('../app.ts');
  const app = await createApp({ frontEnd: 'terminal', ...(begun ? { access: begun.access } : {}) });
  return { app, ...(begun ? { onListening: begun.onListening } : {}) };
}

/** Begins what goes on while the app is loaded. */
async function beginBuild({ farm, connections }: NodeSelection) {
  (await import('../context/packing-thread.ts')).preparePackingThread();
  const access = await (await import('../node-access.ts')).openNodeAccess({ frontEnd: 'terminal' });
  const onListening = access.questions.hold();
  await access.nodes.connectRecent({ farm, connections });
  return { access, onListening };
}

interface StartedApp {
  readonly app: App;
  /** To be called when its events are listened to. */
  readonly onListening?: () => void;
}
