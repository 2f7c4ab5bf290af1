import type { BaseImage } from '../../../shared/base-image.ts';
import { formatAgo } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { shortDigest } from '../output/text.ts';

/** Prints the base images of builds. */
export async function listBases(frontEnd: TerminalFrontEnd, check: boolean): Promise<number> {
  const found = await frontEnd.showWait('Asking the registries', frontEnd.call('bases.list', { check }));
  const { bases, checkedAt } = found;
  frontEnd.printResult(found, () =>
    bases.length === 0
      ? ['No base images are known: no build is done whose engine has named them.']
      : formatTable(
          [{ title: 'BASE' }, { title: 'STATUS' }, { title: 'NOW' }, { title: 'USED BY' }],
          bases.map((base) => [
            base.name,
            wordOf(base.status),
            base.digest ? shortDigest(base.digest) : '',
            usesText(base),
          ]),
        ),
  );
  frontEnd.printNotes(
    checkedAt === undefined
      ? 'The registries were not asked yet. To ask them: barnraiser bases --check'
      : `Asked ${formatAgo(new Date(checkedAt), new Date())}.`,
  );
  for (const { problem } of bases) {
    if (problem) {
      frontEnd.reportProblem(problem, 'warning');
    }
  }
  return 0;
}

/** The images whose builds use another one than the registry has, or all of them. */
function usesText({ uses }: BaseImage): string {
  const old = uses.filter(({ platforms }) => platforms.some(({ isNewer }) => isNewer));
  return (old.length > 0 ? old : uses)
    .map(({ reference, platforms }) => {
      const outdated = platforms.filter(({ isNewer }) => isNewer).map(({ platform }) => platform);
      return outdated.length > 0 && outdated.length < platforms.length
        ? `${reference} (${outdated.join(', ')})`
        : reference;
    })
    .join(', ');
}
