import { useEffect, useState } from 'react';
import type { CallInput, CallOutput } from '../../../shared/contract.ts';
import { Failure } from '../../../shared/problem.ts';
import { recipeOfRequest } from '../../../shared/recipe-of-request.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { ConfirmDialog } from '../../parts/ConfirmDialog.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { openSheet } from '../../stores/navigation.ts';
import { toast, toastProblem } from '../../stores/toasts.ts';
import styles from './NewBuild.module.css';

type Destination = CallInput<'recipes.save'>['destination'];

interface RecipeSectionProps {
  readonly folder: string;
  /** Undefined while the form is not complete. */
  readonly request: CallInput<'builds.start'> | undefined;
}

/** Offers to build the images that files of the project describe, and to keep the options of the form. */
export function RecipeSection({ folder, request }: RecipeSectionProps) {
  const [found, setFound] = useState<CallOutput<'recipes.find'>>();
  const [replacing, setReplacing] = useState<Destination>();
  useEffect(() => {
    const controller = new AbortController();
    // without the files, the project is built as one image
    call('recipes.find', { folder }, { signal: controller.signal }).then(setFound, () => undefined);
    return () => controller.abort();
  }, [folder]);

  async function save(destination: Destination, replaces: boolean): Promise<void> {
    if (!request) {
      return;
    }
    const recipe = recipeOfRequest(request);
    const { path } = await call('recipes.save', { folder, recipe, destination, replaces });
    toast({ title: `Saved ${path}`, kind: 'done' });
  }

  function trySave(destination: Destination): void {
    save(destination, false).catch((error: unknown) => {
      if (error instanceof Failure && error.problem.code === 'recipe.exists') {
        setReplacing(destination);
      } else {
        toastProblem(error);
      }
    });
  }

  const files = found?.files ?? [];
  return (
    <div className={styles.lastBuild}>
      {found?.hasBuildYml && (
        <>
          <span>The folder has a build.yml.</span>
          <Button size="small" kind="quiet" onClick={() => openSheet({ sheet: 'package', folder })}>
            Build as a LinuxKit package…
          </Button>
        </>
      )}
      {files.length > 0 && (
        <>
          <span>Images are described in {files.join(', ')}.</span>
          <Button size="small" kind="quiet" onClick={() => openSheet({ sheet: 'bake', folder })}>
            Choose images…
          </Button>
        </>
      )}
      <Menu
        align="start"
        trigger={
          <Button size="small" kind="quiet" disabled={!request}>
            Save as recipe…
          </Button>
        }
        items={[
          { label: 'In the app, for you', run: () => trySave('app') },
          { label: 'In the project, as barnraiser.json', run: () => trySave('project') },
        ]}
      />
      <ConfirmDialog
        open={replacing !== undefined}
        onClose={() => setReplacing(undefined)}
        title="Replace the recipe?"
        description={
          replacing === 'project'
            ? `There is a file barnraiser.json in ${folder}.`
            : 'The app keeps a recipe for this project.'
        }
        losses={['The recipe that is there']}
        action="Replace recipe"
        onConfirm={() => (replacing ? save(replacing, true) : undefined)}
      />
    </div>
  );
}
