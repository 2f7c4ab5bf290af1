import { createHash } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { fail } from '../../shared/problem.ts';
import { type Recipe, recipeFileName, recipeSchema } from '../../shared/recipe.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import { diskFailure } from '../system/file-errors.ts';
import { realPath } from './permissions.ts';

export const recipeFileSchema = z.object({ project: z.string(), recipe: recipeSchema.optional() });

/** The recipes that the app keeps: a file for each project. */
export class RecipeStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws Failure `settings.*` */
  async get(project: string): Promise<Recipe | undefined> {
    return (await this.#file(project).read()).recipe;
  }

  /** @throws Failure `recipe.exists`, `settings.*`, `disk.full` */
  async save(project: string, recipe: Recipe, replaces: boolean): Promise<string> {
    await this.#file(project).update((before) => {
      if (before.recipe && !replaces) {
        throw existsFailure(`${project} already has a recipe in the app.`);
      }
      return { project: realPath(project), recipe };
    });
    return this.#path(project);
  }

  /** @returns whether there was one */
  async remove(project: string): Promise<boolean> {
    const path = this.#path(project);
    const existed = await stat(path).then(
      () => true,
      () => false,
    );
    await rm(path, { force: true }).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
    return existed;
  }

  #file(project: string): SettingsFile<z.infer<typeof recipeFileSchema>> {
    return new SettingsFile({
      format: dataFormats.recipes,
      path: this.#path(project),
      schema: recipeFileSchema,
      empty: { project },
    });
  }

  #path(project: string): string {
    return join(this.#folder, `${createHash('sha256').update(realPath(project)).digest('hex').slice(0, 32)}.json`);
  }
}

/** Writes `barnraiser.json` into a project. A link is not followed. @throws Failure `recipe.exists`, `disk.full`, `settings.unwritable` */
export async function writeProjectRecipe(project: string, recipe: Recipe, replaces: boolean): Promise<string> {
  const path = join(project, recipeFileName);
  const mode = (await stat(project)).mode & 0o666;
  try {
    const text = `${JSON.stringify(recipe, null, 2)}\n`;
    if (replaces) {
      await writeFileAtomic(path, text, { mode });
    } else {
      await writeNew(path, text, mode);
    }
  } catch (error) {
    throw diskFailure(error, path);
  }
  return path;
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode).catch((error: unknown) => {
    throw error instanceof Error && 'code' in error && error.code === 'EEXIST'
      ? existsFailure(`There is a file ${path}.`)
      : error;
  });
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

function existsFailure(message: string): Error {
  return fail('recipe.exists', message, 'Replace it, or leave it as it is.');
}
