import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { Dialog } from './Dialog.tsx';
import { ProblemNote } from './ProblemNote.tsx';

afterEach(cleanup);

const problem = { code: 'ssh.host-key-changed', message: 'The key has changed.', fix: 'Compare it.' } as const;

it('opens the page of its code, from which others are opened, over the dialog that it is in', async () => {
  render(
    <Dialog open title="Add connection" onClose={() => undefined}>
      <ProblemNote problem={problem} />
    </Dialog>,
  );
  fireEvent.click(screen.getByRole('button', { name: 'What does this mean?' }));
  await screen.findByRole('dialog', { name: 'The host key has changed' });
  screen.getByText('barnraiser explain ssh.host-key-changed');

  fireEvent.click(screen.getByRole('button', { name: 'The host key is not known' }));
  await screen.findByRole('dialog', { name: 'The host key is not known' });
  fireEvent.click(screen.getByRole('button', { name: 'Back' }));
  const page = await screen.findByRole('dialog', { name: 'The host key has changed' });

  fireEvent.keyDown(page, { key: 'Escape' });
  await waitFor(() => expect(screen.queryByRole('dialog', { name: 'The host key has changed' })).toBeNull());
  screen.getByRole('dialog', { name: 'Add connection' });
});

it('has no page for what says all there is to say', () => {
  render(<ProblemNote problem={{ ...problem, code: 'build.cancelled' }} />);
  expect(screen.queryByRole('button', { name: 'What does this mean?' })).toBeNull();
});
