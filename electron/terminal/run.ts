import type { Command } from './command.ts';
import { runBuild } from './run-build.ts';
import { fixConnection, testConnections } from './run-checks.ts';
import {
  addConnection,
  changeFarm,
  createFarm,
  listConnections,
  listFarms,
  removeConnections,
  removeFarms,
  resolveConnection,
} from './run-farms.ts';
import { exportImage, inspectImage, listImages, removeImages } from './run-images.ts';
import { exportConnections, importConnections } from './run-import.ts';
import { listPlatforms, prune, status } from './run-nodes.ts';
import { runPush } from './run-push.ts';
import { listBuilds, printLogs, writeSampleProject } from './run-records.ts';
import type { TerminalFrontEnd } from './terminal.ts';

/** Does what a person asked for. Resolves with the exit code: 0 only when all of it was done. @throws Failure */
export async function runCommand(door: TerminalFrontEnd, command: Command): Promise<number> {
  switch (command.kind) {
    case 'connection.add':
      return addConnection(door, command);
    case 'connection.list':
      return listConnections(door);
    case 'connection.remove':
      return removeConnections(door, command.names);
    case 'connection.test':
      return testConnections(door, command.names);
    case 'connection.fix':
      return fixConnection(door, command.name, command.fix);
    case 'connection.resolve':
      return resolveConnection(door, command.request);
    case 'connection.import':
      return importConnections(door, command);
    case 'connection.export':
      return exportConnections(door, command);
    case 'farm.create':
      return createFarm(door, command.farm);
    case 'farm.list':
      return listFarms(door);
    case 'farm.update':
      return changeFarm(door, command.change);
    case 'farm.remove':
      return removeFarms(door, command.names);
    case 'status':
      return status(door, command.selection);
    case 'platforms':
      return listPlatforms(door, command.selection);
    case 'build':
      return runBuild(door, command);
    case 'builds':
      return listBuilds(door);
    case 'logs':
      return printLogs(door, command);
    case 'images':
      return listImages(door);
    case 'inspect':
      return inspectImage(door, command.reference);
    case 'push':
      return runPush(door, command);
    case 'export':
      return exportImage(door, command);
    case 'rm':
      return removeImages(door, command.references);
    case 'prune':
      return prune(door, command.selection);
    case 'sample':
      return writeSampleProject(door, command.folder);
  }
}
