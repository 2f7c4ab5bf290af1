/** Build detail: one build with its platforms, steps, failures and result. */

import { Button } from '../../parts/Button.tsx';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useOpenBuild } from '../../stores/builds.ts';
import { navigate } from '../../stores/navigation.ts';
import { BuildDetail } from './BuildDetail.tsx';

/** The entry of the `build` route: a running build, or an ended one from the history. */
export function BuildView({ id }: { id: string }) {
  const { build, problem } = useOpenBuild(id);
  if (build) {
    return <BuildDetail build={build} />;
  }
  return (
    <Page title="Build">
      {problem ? (
        <EmptyState
          icon="builds"
          title={problem.code === 'build.unknown' ? 'Build not found' : problem.message}
          actions={
            <Button kind="primary" onClick={() => navigate({ view: 'builds' })}>
              Show all builds
            </Button>
          }
        >
          {problem.code === 'build.unknown'
            ? `There is no build “${id}”. It was deleted or is older than the build history.`
            : problem.fix}
        </EmptyState>
      ) : (
        <Waiting>Loading build</Waiting>
      )}
    </Page>
  );
}
