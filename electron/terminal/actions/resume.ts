import { formatCount } from '../../../shared/format.ts';
import { fail } from '../../../shared/problem.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { followBuild, proxyInput } from './build.ts';
import { readCredentials } from './push.ts';
import { readSecrets } from './secrets.ts';

/** Goes on with an interrupted build and shows its progress. */
export async function resumeBuild(
  frontEnd: TerminalFrontEnd,
  { id: given, acceptsChanges, credentials, outputFiles }: Extract<Command, { kind: 'resume' }>,
): Promise<number> {
  const id = given ?? (await newestInterrupted(frontEnd));
  const pushCredentials = await readCredentials(frontEnd, credentials);
  const { request } = await frontEnd.call('builds.get', { id });
  const { inputs } = await readSecrets(frontEnd, request);
  const all = { id, acceptsChanges, pushCredentials, ...inputs, ...proxyInput(request) };
  return followBuild(frontEnd, () => frontEnd.start('builds.resume', all), { quiet: false, files: outputFiles });
}

/** @throws Failure `build.unknown` if there is none */
async function newestInterrupted(frontEnd: TerminalFrontEnd): Promise<string> {
  const { entries } = await frontEnd.call('builds.list', { filter: { status: 'interrupted' }, limit: 100 });
  const [newest, ...others] = entries;
  if (!newest) {
    throw fail(
      'build.unknown',
      'No build was interrupted.',
      'To build what a failed build lacks, use barnraiser retry.',
    );
  }
  frontEnd.printNotes(`Resuming build ${newest.id} of ${newest.reference}.`);
  if (others.length > 0) {
    frontEnd.printNotes(
      formatCount(
        others.length,
        'other build was interrupted, too: barnraiser builds interrupted',
        'other builds were interrupted, too: barnraiser builds interrupted',
      ),
    );
  }
  return newest.id;
}
