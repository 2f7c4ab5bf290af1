/** Build detail: one build with its platforms, steps, failures and result. */

import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useBuild, useBuilds } from '../../stores/builds.ts';
import { navigate } from '../../stores/navigation.ts';
import { BuildDetail } from './BuildDetail.tsx';

/** The entry of the `build` route: a running build, or an ended one from the history. */
export function BuildView({ id }: { id: string }) {
  const build = useBuild(id);
  const isLoaded = useBuilds((state) => state.loaded);
  if (build) {
    return <BuildDetail build={build} />;
  }
  return (
    <Page title="Build">
      {isLoaded ? (
        <EmptyState
          icon="builds"
          title="Build not found"
          actions={
            <Button kind="primary" onClick={() => navigate({ view: 'builds' })}>
              Show all builds
            </Button>
          }
        >
          There is no build “{id}”. It was deleted or is older than the build history.
        </EmptyState>
      ) : (
        <Waiting>Loading build</Waiting>
      )}
    </Page>
  );
}
