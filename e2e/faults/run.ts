/**
 * `npm run test:faults -- [WORDS…] [--write] [--rest]` runs the rows whose names have all the words, or all rows. `--write` puts the
 * results into docs/faults.md. `--rest` leaves out the rows that are as expected there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { writePage } from './report.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { write: { type: 'boolean', default: false }, rest: { type: 'boolean', default: false } },
});
const child = spawn('node_modules/.bin/vitest', ['run', '--project', 'faults', '--reporter=verbose'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    BARNRAISER_FAULTS: positionals.join(' '),
    ...(values.rest ? { BARNRAISER_FAULTS_REST: '1' } : {}),
    ...(values.write ? { BARNRAISER_FAULTS_WRITE: '1' } : {}),
  },
});
const [code] = await once(child, 'exit');
if (values.write) {
  await writePage();
}
process.exitCode = code ?? 1;
