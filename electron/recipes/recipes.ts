/** The recipes of projects: what a folder has, what the app keeps for it, and what its files describe. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import { packageFileName } from '../../shared/linuxkit.ts';
import { problemOf } from '../../shared/problem.ts';
import { describeBake, findBakeFiles, readProjectRecipe } from './describe-bake.ts';
import type { RequestFields } from './draft.ts';
import { realPath } from './permissions.ts';
import { sharedFields } from './recipe-file.ts';
import { RecipeStore, writeProjectRecipe } from './recipe-store.ts';

export class Recipes {
  readonly #store: RecipeStore;

  /** @param folder of the kept recipes */
  constructor(folder: string) {
    this.#store = new RecipeStore(folder);
  }

  /** A file that cannot be read is reported, and does not hide what the app keeps. @throws Failure `settings.*` */
  async find({ folder }: CallRequest<'recipes.find'>): Promise<CallOutput<'recipes.find'>> {
    const project = realPath(folder);
    const [files, hasBuildYml, kept, ofProject] = await Promise.all([
      findBakeFiles(project),
      access(join(project, packageFileName)).then(
        () => true,
        () => false,
      ),
      this.#store.get(project),
      readProjectRecipe(project).then(
        (file) => ({ recipe: file?.recipe }),
        (error: unknown) => ({ problem: problemOf(error) }),
      ),
    ]);
    return {
      files,
      ...(hasBuildYml ? { hasBuildYml } : {}),
      ...(kept ? { kept } : {}),
      ...('problem' in ofProject
        ? { problem: ofProject.problem }
        : ofProject.recipe
          ? { ofProject: ofProject.recipe }
          : {}),
    };
  }

  /** @throws Failure of {@link describeBake} */
  async describe({ folder, ...options }: CallRequest<'recipes.describe'>): Promise<CallOutput<'recipes.describe'>> {
    const { description } = await describeBake({
      folder,
      ...options,
      settings: await this.settings(folder),
      environment: (name) => process.env[name],
    });
    return description;
  }

  /** What the app keeps for all images of a project. @throws Failure `settings.*` */
  async settings(folder: string): Promise<RequestFields> {
    const kept = await this.#store.get(folder);
    return kept ? sharedFields(kept) : {};
  }

  /** @throws Failure `recipe.exists`, `settings.*`, `disk.full` */
  async save({
    folder,
    recipe,
    destination,
    replaces,
  }: CallRequest<'recipes.save'>): Promise<CallOutput<'recipes.save'>> {
    const path =
      destination === 'project'
        ? await writeProjectRecipe(realPath(folder), recipe, replaces)
        : await this.#store.save(folder, recipe, replaces);
    return { path };
  }

  /** @throws Failure `disk.full`, `settings.unwritable` */
  async remove({ folder }: CallRequest<'recipes.remove'>): Promise<CallOutput<'recipes.remove'>> {
    return { removed: await this.#store.remove(folder) };
  }
}
