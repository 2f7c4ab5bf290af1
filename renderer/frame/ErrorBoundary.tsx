import { Component, type ReactNode } from 'react';
import { problemOf } from '../../shared/problem.ts';
import { Button } from '../parts/Button.tsx';
import { NotLoaded } from '../parts/lazy-part.tsx';
import { Page } from '../parts/Page.tsx';
import { ProblemNote } from '../parts/ProblemNote.tsx';

interface State {
  readonly error: unknown;
}

/** Confines an error to the view that threw it. Needs a `key` that changes with the route, so that another view starts afresh. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error ?? new Error('undefined was thrown') };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) {
      return this.props.children;
    }
    return (
      <Page title="Something went wrong in this view" layout="column">
        <ProblemNote
          problem={problemOf(this.state.error)}
          actions={
            this.state.error instanceof NotLoaded ? (
              <Button onClick={() => window.location.reload()}>Reload window</Button>
            ) : (
              <Button onClick={() => this.setState({ error: undefined })}>Reload view</Button>
            )
          }
        />
      </Page>
    );
  }
}
