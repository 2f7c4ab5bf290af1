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
    case 'connection.use-again':
      return (await import('./actions/connection.ts')).clearSetAside(frontEnd, command.names);
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
    case 'queue':
      return (await import('./actions/queue.ts')).showQueue(frontEnd, command);
    case 'queue.move':
      return (await import('./actions/queue.ts')).moveBuild(frontEnd, command);
    case 'queue.pause':
    case 'queue.resume':
      return (await import('./actions/queue.ts')).setPaused(frontEnd, command);
    case 'node.hold':
      return (await import('./actions/queue.ts')).holdNodes(frontEnd, command);
    case 'node.resume':
      return (await import('./actions/queue.ts')).resumeNodes(frontEnd, command.names);
    case 'node.holds':
      return (await import('./actions/queue.ts')).listHolds(frontEnd);
    case 'status':
      return (await import('./actions/node.ts')).showNodeStatus(frontEnd, command.selection);
    case 'status.history':
      return (await import('./actions/monitoring.ts')).showNodeHistory(frontEnd, command.selection, command.range);
    case 'statistics':
      return (await import('./actions/monitoring.ts')).showStatistics(frontEnd, command.request);
    case 'platforms':
      return (await import('./actions/node.ts')).listPlatforms(frontEnd, command.selection);
    case 'build':
      return (await import('./actions/build.ts')).buildImage(frontEnd, command);
    case 'bake':
      return (await import('./actions/bake.ts')).bake(frontEnd, command);
    case 'pkg.build':
      return (await import('./actions/pkg.ts')).buildPackages(frontEnd, command);
    case 'pkg.tags':
      return (await import('./actions/pkg.ts')).printTags(frontEnd, command);
    case 'watch':
      return (await import('./actions/watch.ts')).watchProject(frontEnd, command);
    case 'schedule.add':
      return (await import('./actions/schedule.ts')).addSchedule(frontEnd, command);
    case 'schedule.prune':
      return (await import('./actions/schedule-prune.ts')).addPruneSchedule(frontEnd, command);
    case 'schedule.list':
      return (await import('./actions/schedule.ts')).listSchedules(frontEnd);
    case 'schedule.remove':
      return (await import('./actions/schedule.ts')).removeSchedules(frontEnd, command.names);
    case 'schedule.pause':
      return (await import('./actions/schedule.ts')).pauseSchedules(frontEnd, command);
    case 'schedule.run':
      return (await import('./actions/schedule.ts')).runSchedule(frontEnd, command.name);
    case 'schedule.times':
      return (await import('./actions/schedule.ts')).printTimes(frontEnd, command);
    case 'schedule.daemon':
      return (await import('./actions/schedule.ts')).runSchedules(frontEnd);
    case 'recipe.show':
      return (await import('./actions/recipe.ts')).showRecipe(frontEnd, command.folder);
    case 'recipe.save':
      return (await import('./actions/recipe.ts')).saveRecipe(frontEnd, command);
    case 'recipe.remove':
      return (await import('./actions/recipe.ts')).removeRecipe(frontEnd, command.folder);
    case 'lint':
      return (await import('./actions/lint.ts')).lintContainerfile(frontEnd, command);
    case 'retry':
      return command.request.id !== undefined && isBakeId(command.request.id)
        ? (await import('./actions/bake.ts')).retryBake(frontEnd, command.request.id, command.credentials)
        : (await import('./actions/build.ts')).retryBuild(frontEnd, command);
    case 'resume':
      return command.id !== undefined && isBakeId(command.id)
        ? (await import('./actions/bake.ts')).retryBake(frontEnd, command.id, command.credentials)
        : (await import('./actions/resume.ts')).resumeBuild(frontEnd, command);
    case 'builds':
      return (await import('./actions/history.ts')).listBuilds(frontEnd, command);
    case 'builds.remove':
      return (await import('./actions/history.ts')).removeBuilds(frontEnd, command);
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
      return (await import('./actions/inspect.ts')).inspectImage(frontEnd, command);
    case 'files':
      return (await import('./actions/image-files.ts')).listFiles(frontEnd, command);
    case 'tag':
      return (await import('./actions/local-images.ts')).tagImage(frontEnd, command);
    case 'untag':
      return (await import('./actions/local-images.ts')).untagImages(frontEnd, command.references);
    case 'verify':
      return (await import('./actions/local-images.ts')).verifyImages(frontEnd, command);
    case 'load':
      return (await import('./actions/local-images.ts')).loadImages(frontEnd, command);
    case 'push':
      return (await import('./actions/push.ts')).pushImage(frontEnd, command);
    case 'copy':
      return (await import('./actions/copy.ts')).copyImages(frontEnd, command);
    case 'bases':
      return (await import('./actions/bases.ts')).listBases(frontEnd, command.check);
    case 'compare':
      return (await import('./actions/compare.ts')).compareImages(frontEnd, command);
    case 'manifest.inspect':
      return (await import('./actions/manifest.ts')).inspectManifest(frontEnd, command);
    case 'manifest.edit':
      return (await import('./actions/manifest.ts')).editManifest(frontEnd, command);
    case 'pull':
      return (await import('./actions/copy.ts')).pullImage(frontEnd, command);
    case 'tags':
      return (await import('./actions/copy.ts')).listTags(frontEnd, command);
    case 'login':
      return (await import('./actions/registry.ts')).login(frontEnd, command);
    case 'login.list':
      return (await import('./actions/registry.ts')).listLogins(frontEnd);
    case 'logout':
      return (await import('./actions/registry.ts')).logout(frontEnd, command.request);
    case 'registry.list':
      return (await import('./actions/registry.ts')).listRegistries(frontEnd);
    case 'registry.add':
      return (await import('./actions/registry.ts')).addRegistry(frontEnd, command.change);
    case 'registry.set':
      return (await import('./actions/registry.ts')).setRegistry(frontEnd, command.change);
    case 'registry.remove':
      return (await import('./actions/registry.ts')).removeRegistries(frontEnd, command.names);
    case 'registry.delete':
      return (await import('./actions/registry.ts')).deleteFromRegistry(frontEnd, command);
    case 'registry.check':
      return (await import('./actions/registry.ts')).checkRegistry(frontEnd, command.request);
    case 'export':
      return (await import('./actions/export.ts')).exportImage(frontEnd, command);
    case 'rm':
      return (await import('./actions/image.ts')).removeImages(frontEnd, command);
    case 'sbom':
    case 'provenance':
    case 'sign':
    case 'verify.signatures':
    case 'reproduce':
    case 'key.generate':
    case 'key.trust':
    case 'key.list':
    case 'key.distrust':
      return (await import('./actions/attestation.ts')).runAttestationCommand(frontEnd, command);
    case 'explain': {
      const { output, errors, json } = frontEnd.options;
      return (await import('./actions/explain.ts')).explain(command, { output, errors, json });
    }
    case 'prune':
      return (await import('./actions/storage.ts')).pruneNodes(frontEnd, command);
    case 'df':
      return (await import('./actions/storage.ts')).showStorage(frontEnd, command.selection);
    case 'sample':
    case 'sample.list':
      return (await import('./actions/sample.ts')).runSample(frontEnd, command);
  }
}
