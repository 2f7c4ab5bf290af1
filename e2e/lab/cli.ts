/** Command line of the lab. Prints one JSON document to standard output and progress to standard error. */
import { type Lab, labClean, labDown, labStatus, labUp, startNode, stopNode } from './lab.ts';
import { nodeRows } from './node-table.ts';

const usage = `Usage: npm run -s lab -- COMMAND
  up [--all]   start the registry and the nodes, and create them if they do not exist; with --all also those on demand
  status       show what is running
  stop NAME    kill one node, as a power cut would
  start NAME   start a stopped node, or one on demand
  down         stop everything, but keep its files
  clean        stop everything and remove its files`;

async function main([command, name, ...rest]: string[]): Promise<Lab | undefined> {
  if (rest.length > 0) {
    return undefined;
  }
  if (command === 'up' && name === '--all') {
    return labUp(nodeRows.map((row) => row.name));
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
