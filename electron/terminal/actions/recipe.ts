import { isReadable } from '../../../shared/build-entry.ts';
import { fail } from '../../../shared/problem.ts';
import { recipeFileName } from '../../../shared/recipe.ts';
import { recipeOfRequest } from '../../../shared/recipe-of-request.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';

export async function showRecipe(frontEnd: TerminalFrontEnd, folder: string): Promise<number> {
  const { kept, ofProject, problem, files } = await frontEnd.call('recipes.find', { folder });
  if (problem) {
    frontEnd.reportProblem(problem, 'warning');
  }
  frontEnd.printResult({ files, ...(kept ? { app: kept } : {}), ...(ofProject ? { project: ofProject } : {}) }, () => [
    ...(kept ? ['Kept in the app:', JSON.stringify(kept, null, 2)] : []),
    ...(ofProject ? [`In ${recipeFileName}:`, JSON.stringify(ofProject, null, 2)] : []),
    ...(!kept && !ofProject
      ? ['There is no recipe for this project. Keep the options of its last build: barnraiser recipe save']
      : []),
    ...(files.length > 0 ? [`Files for \`barnraiser bake\`: ${files.join(', ')}`] : []),
  ]);
  return problem ? 1 : 0;
}

/** Keeps the options of a build of the project. */
export async function saveRecipe(
  frontEnd: TerminalFrontEnd,
  { folder, build, destination, force }: Extract<Command, { kind: 'recipe.save' }>,
): Promise<number> {
  const { request } = await frontEnd.call('builds.get', { id: build ?? (await newestBuild(frontEnd, folder)) });
  const recipe = recipeOfRequest(request);
  const { path } = await frontEnd
    .call('recipes.save', { folder, recipe, destination, replaces: force })
    .catch((error: unknown) => {
      throw force ? error : withForce(error);
    });
  frontEnd.printResult({ path, recipe }, () => [`Saved ${path}.`]);
  return 0;
}

export async function removeRecipe(frontEnd: TerminalFrontEnd, folder: string): Promise<number> {
  const { removed } = await frontEnd.call('recipes.remove', { folder });
  frontEnd.printResult({ removed }, () => [
    removed ? 'Removed the recipe of the app.' : 'The app keeps no recipe for this project.',
  ]);
  return 0;
}

async function newestBuild(frontEnd: TerminalFrontEnd, folder: string): Promise<string> {
  const { context } = await frontEnd.call('projects.inspect', { context: folder });
  const { entries } = await frontEnd.call('builds.list', { filter: { project: context }, limit: 20 });
  const [entry] = entries.filter(isReadable);
  if (!entry) {
    throw fail('build.unknown', `There is no build of ${context} yet.`, 'Build it first, with the options to keep.');
  }
  return entry.id;
}

function withForce(error: unknown): unknown {
  return error instanceof Error && 'problem' in error && isExists(error.problem)
    ? fail('recipe.exists', error.message, 'Replace it with --force.')
    : error;
}

function isExists(problem: unknown): boolean {
  return typeof problem === 'object' && problem !== null && 'code' in problem && problem.code === 'recipe.exists';
}
