import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useBuild, useBuilds } from '../../stores/builds.ts';
import { navigate } from '../../stores/navigation.ts';
import { LiveBuild } from './BuildDetail.tsx';

/** One build: while it runs, and for as long as it is remembered. */
export function BuildView({ id }: { id: string }) {
  const build = useBuild(id);
  const isLoaded = useBuilds((state) => state.loaded);
  if (build) {
    return <LiveBuild build={build} />;
  }
  return (
    <Page title="Build">
      {isLoaded ? (
        <EmptyState
          icon="builds"
          title="This build is not known here"
          actions={
            <Button kind="primary" onClick={() => navigate({ view: 'builds' })}>
              Show all builds
            </Button>
          }
        >
          There is no build “{id}”. It was deleted, or it is older than the builds that are kept.
        </EmptyState>
      ) : (
        <Waiting>Looking for this build</Waiting>
      )}
    </Page>
  );
}
