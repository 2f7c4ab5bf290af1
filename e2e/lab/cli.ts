/** Command line of the lab: one JSON document on standard output, progress on standard error. */
import { type Lab, labClean, labDown, labStatus, labUp, startNode, stopNode } from './lab.ts';

const usage = `Usage: npm run -s lab -- COMMAND
  up           bring up what is not up yet
  status       say what is up
  stop NAME    end one node, as a power cut would
  start NAME   start that node again
  down         end everything; what was stored stays
  clean        end everything and remove it`;

async function main([command, name, ...rest]: string[]): Promise<Lab | undefined> {
  if (rest.length > 0) {
    return undefined;
  }
  if (name === undefined) {
    if (command === 'up') {
      return labUp();
    }
    if (command === 'down') {
      return labDown();
    }
    if (command === 'status') {
      return labStatus();
    }
    if (command === 'clean') {
      return labClean();
    }
    return undefined;
  }
  if (command === 'stop') {
    return stopNode(name);
  }
  if (command === 'start') {
    return startNode(name);
  }
  return undefined;
}

try {
  const lab = await main(process.argv.slice(2));
  if (lab) {
    process.stdout.write(`${JSON.stringify(lab, null, 2)}\n`);
  } else {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
  }
} catch (error) {
  process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
