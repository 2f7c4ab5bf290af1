import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Dialog } from './Dialog.tsx';
import { Presence } from './Presence.tsx';
import { Sheet } from './Sheet.tsx';

/** Ends the motions that go on, as a browser does after some time. */
let endMotions: () => void;
const { getAnimations } = Element.prototype;
beforeEach(() => {
  const finished = new Promise<void>((resolve) => {
    endMotions = resolve;
  });
  Object.assign(Element.prototype, {
    getAnimations: () => [{ finished, effect: { getTiming: () => ({ duration: 160, iterations: 1 }) } }],
  });
});
afterEach(() => {
  cleanup();
  Object.assign(Element.prototype, { getAnimations });
});

function Opener({ isDialog = false }: { isDialog?: boolean }) {
  const [reference, setReference] = useState<string>();
  const close = () => setReference(undefined);
  return (
    <>
      <button type="button" onClick={() => setReference('api:1.4')}>
        Open
      </button>
      {isDialog ? (
        <Dialog open={reference !== undefined} title={`Push ${reference}`} onClose={close}>
          <Typed />
        </Dialog>
      ) : (
        <Presence>
          {reference && (
            <Sheet title={`Push ${reference}`} onClose={close}>
              <Typed />
            </Sheet>
          )}
        </Presence>
      )}
    </>
  );
}

function Typed() {
  const [text, setText] = useState('');
  return <input aria-label="Typed" value={text} onChange={({ target }) => setText(target.value)} />;
}

const open = () => fireEvent.click(screen.getByText('Open'));
const close = () => fireEvent.click(screen.getByRole('button', { name: 'Close' }));
const heading = () => screen.queryByText(/^Push/)?.textContent;

it.each([
  ['a sheet that is no longer drawn', false],
  ['a dialog that is no longer open', true],
])('%s shows what it showed until its motion is over', async (_what, isDialog) => {
  render(<Opener isDialog={isDialog} />);
  open();
  expect(heading()).toBe('Push api:1.4');
  close();
  expect(heading()).toBe('Push api:1.4');
  endMotions();
  await waitFor(() => expect(heading()).toBeUndefined());
});

it('a sheet that is opened while the last one leaves is a new one', () => {
  render(<Opener />);
  open();
  fireEvent.change(screen.getByLabelText('Typed'), { target: { value: 'something' } });
  close();
  open();
  expect(screen.getByLabelText<HTMLInputElement>('Typed').value).toBe('');
});
