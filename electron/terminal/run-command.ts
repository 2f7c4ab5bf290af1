import { buildImage, retryBuild, writeSampleProject } from './actions/build.ts';
import {
  addConnection,
  listConnections,
  removeConnections,
  resolveConnection,
  updateConnection,
} from './actions/connection.ts';
import { fixConnection, testConnections } from './actions/connection-check.ts';
import { exportConnections } from './actions/connection-export.ts';
import { importConnections } from './actions/connection-import.ts';
import { createFarm, listFarms, removeFarms, updateFarm } from './actions/farm.ts';
import { cancelBuild, listBuilds, printLogs, removeBuilds } from './actions/history.ts';
import { exportImage, inspectImage, listImages, removeImages } from './actions/image.ts';
import { listPlatforms, pruneNodes, showNodeStatus } from './actions/node.ts';
import { pushImage } from './actions/push.ts';
import type { Command } from './command.ts';
import type { TerminalFrontEnd } from './front-end.ts';

/** @returns the exit code: 0 only if everything succeeded. @throws Failure */
export async function runCommand(frontEnd: TerminalFrontEnd, command: Command): Promise<number> {
  switch (command.kind) {
    case 'connection.add':
      return addConnection(frontEnd, command);
    case 'connection.update':
      return updateConnection(frontEnd, command.change);
    case 'connection.list':
      return listConnections(frontEnd);
    case 'connection.remove':
      return removeConnections(frontEnd, command.names);
    case 'connection.test':
      return testConnections(frontEnd, command.names);
    case 'connection.fix':
      return fixConnection(frontEnd, command.name, command.fix);
    case 'connection.resolve':
      return resolveConnection(frontEnd, command.request);
    case 'connection.import':
      return importConnections(frontEnd, command);
    case 'connection.export':
      return exportConnections(frontEnd, command);
    case 'farm.create':
      return createFarm(frontEnd, command.farm);
    case 'farm.list':
      return listFarms(frontEnd);
    case 'farm.update':
      return updateFarm(frontEnd, command.change);
    case 'farm.remove':
      return removeFarms(frontEnd, command.names);
    case 'status':
      return showNodeStatus(frontEnd, command.selection);
    case 'platforms':
      return listPlatforms(frontEnd, command.selection);
    case 'build':
      return buildImage(frontEnd, command);
    case 'retry':
      return retryBuild(frontEnd, command);
    case 'builds':
      return listBuilds(frontEnd, command);
    case 'builds.remove':
      return removeBuilds(frontEnd, command.ids);
    case 'cancel':
      return cancelBuild(frontEnd, command);
    case 'logs':
      return printLogs(frontEnd, command);
    case 'images':
      return listImages(frontEnd);
    case 'inspect':
      return inspectImage(frontEnd, command.reference);
    case 'push':
      return pushImage(frontEnd, command);
    case 'export':
      return exportImage(frontEnd, command);
    case 'rm':
      return removeImages(frontEnd, command);
    case 'prune':
      return pruneNodes(frontEnd, command.selection);
    case 'sample':
      return writeSampleProject(frontEnd, command.folder);
  }
}
