/** What axe-core finds in a page. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright';

/** By default the rule `region` allows only dialogs outside the landmarks of a page; other floating elements are, too. */
const configure = `axe.configure({ checks: [{ id: 'region', options: {
  regionMatcher: 'dialog, [role=dialog], [role=alertdialog], [role=menu], [role=listbox], [role=tooltip], svg' } }] })`;

/** Runs in the page. Waits until a new theme is painted, since axe-core checks colours. */
const run = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  .then(() => axe.run())
  .then(({ violations }) => violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => id + ': ' + help + ' at ' + node.target.join(' ') + ': ' + node.failureSummary)))`;

/** The violations, one for each element. */
export async function findViolations(page: Page): Promise<string[]> {
  // the page's content security policy allows only its own scripts, but does not apply to the debugger
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  if (!(await page.evaluate("typeof axe === 'object'"))) {
    await page.evaluate(source);
    await page.evaluate(configure);
  }
  return page.evaluate<string[]>(run);
}
