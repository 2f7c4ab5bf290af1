import { Component, type ReactNode } from 'react';
import { problemOf } from '../../shared/problem.ts';
import { Button } from '../parts/Button.tsx';
import { Page } from '../parts/Page.tsx';
import { ProblemNote } from '../parts/ProblemNote.tsx';

interface State {
  readonly error: unknown;
}

/** A view that breaks takes nothing else with it. Give it the place as `key`, so that going elsewhere leaves the break behind. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error ?? new Error('nothing was thrown') };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) {
      return this.props.children;
    }
    return (
      <Page title="This view broke" layout="column">
        <ProblemNote
          problem={problemOf(this.state.error)}
          actions={<Button onClick={() => this.setState({ error: undefined })}>Show it again</Button>}
        />
      </Page>
    );
  }
}
