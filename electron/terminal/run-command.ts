import { isBakeId } from '../../shared/bake-id.ts';
import type { Command } from './command.ts';
import type { TerminalFrontEnd } from './front-end.ts';

/**
 * Loads only what the command needs, since people wait for it.
 * @returns the exit code: 0 only if everything succeeded. @throws Failure
 */
export async function runCommand(frontEnd: TerminalFrontEnd, command: Command): Promise<number> {
  switch (command.kind) {
    case 'connection.add':
      return (await import('./actions/connection.ts')).addConnection(frontEnd, command);
    case 'connection.update':
      return (await import('./actions/connection.ts')).updateConnection(frontEnd, command.change);
    case 'connection.list':
      return (await import('./actions/connection.ts')).listConnections(frontEnd);
    case 'connection.remove':
      return (await import('./actions/connection.ts')).removeConnections(frontEnd, command.names);
    case 'connection.test':
      return (await import('./actions/connection-check.ts')).testConnections(frontEnd, command.names);
    case 'connection.fix':
      return (await import('./actions/connection-check.ts')).fixConnection(frontEnd, command.name, command.fix);
    case 'connection.resolve':
      return (await import('./actions/connection.ts')).resolveConnection(frontEnd, command.request);
    case 'connection.import':
      return (await import('./actions/connection-import.ts')).importConnections(frontEnd, command);
    case 'connection.export':
      return (await import('./actions/connection-export.ts')).exportConnections(frontEnd, command);
    case 'farm.create':
      return (await import('./actions/farm.ts')).createFarm(frontEnd, command.farm);
    case 'farm.list':
      return (await import('./actions/farm.ts')).listFarms(frontEnd);
    case 'farm.update':
      return (await import('./actions/farm.ts')).updateFarm(frontEnd, command.change);
    case 'farm.remove':
      return (await import('./actions/farm.ts')).removeFarms(frontEnd, command.names);
    case 'status':
      return (await import('./actions/node.ts')).showNodeStatus(frontEnd, command.selection);
    case 'platforms':
      return (await import('./actions/node.ts')).listPlatforms(frontEnd, command.selection);
    case 'build':
      return (await import('./actions/build.ts')).buildImage(frontEnd, command);
    case 'bake':
      return (await import('./actions/bake.ts')).bake(frontEnd, command);
    case 'recipe.show':
      return (await import('./actions/recipe.ts')).showRecipe(frontEnd, command.folder);
    case 'recipe.save':
      return (await import('./actions/recipe.ts')).saveRecipe(frontEnd, command);
    case 'recipe.remove':
      return (await import('./actions/recipe.ts')).removeRecipe(frontEnd, command.folder);
    case 'lint':
      return (await import('./actions/lint.ts')).lintContainerfile(frontEnd, command);
    case 'retry':
      return isBakeId(command.request.id)
        ? (await import('./actions/bake.ts')).retryBake(frontEnd, command)
        : (await import('./actions/build.ts')).retryBuild(frontEnd, command);
    case 'builds':
      return (await import('./actions/history.ts')).listBuilds(frontEnd, command);
    case 'builds.remove':
      return (await import('./actions/history.ts')).removeBuilds(frontEnd, command.ids);
    case 'cancel':
      return (await import('./actions/history.ts')).cancelBuild(frontEnd, command);
    case 'logs':
      return (await import('./actions/history.ts')).printLogs(frontEnd, command);
    case 'equivalent':
      return (await import('./actions/equivalent.ts')).printEquivalentsOf(frontEnd, command);
    case 'graph':
      return (await import('./actions/history.ts')).printGraph(frontEnd, command);
    case 'images':
      return (await import('./actions/image.ts')).listImages(frontEnd);
    case 'inspect':
      return (await import('./actions/image.ts')).inspectImage(frontEnd, command.reference);
    case 'push':
      return (await import('./actions/push.ts')).pushImage(frontEnd, command);
    case 'export':
      return (await import('./actions/image.ts')).exportImage(frontEnd, command);
    case 'rm':
      return (await import('./actions/image.ts')).removeImages(frontEnd, command);
    case 'prune':
      return (await import('./actions/node.ts')).pruneNodes(frontEnd, command.selection);
    case 'sample':
      return (await import('./actions/build.ts')).writeSampleProject(frontEnd, command.folder);
  }
}
