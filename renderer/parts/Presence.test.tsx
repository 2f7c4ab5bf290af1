import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Dialog } from './Dialog.tsx';
import { Presence } from './Presence.tsx';
import { Sheet } from './Sheet.tsx';

/** Ends the running animations. */
let endAnimations: () => void;
const { getAnimations } = Element.prototype;
beforeEach(() => {
  const finished = new Promise<void>((resolve) => {
    endAnimations = resolve;
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
          <Input />
        </Dialog>
      ) : (
        <Presence>
          {reference && (
            <Sheet title={`Push ${reference}`} onClose={close}>
              <Input />
            </Sheet>
          )}
        </Presence>
      )}
    </>
  );
}

function Input() {
  const [text, setText] = useState('');
  return <input aria-label="Text" value={text} onChange={({ target }) => setText(target.value)} />;
}

const open = () => fireEvent.click(screen.getByText('Open'));
const close = () => fireEvent.click(screen.getByRole('button', { name: 'Close' }));
const heading = () => screen.queryByText(/^Push/)?.textContent;

it.each([
  ['a sheet that is removed', false],
  ['a dialog that is closed', true],
])('%s keeps its content until its exit animation has ended', async (_name, isDialog) => {
  render(<Opener isDialog={isDialog} />);
  open();
  expect(heading()).toBe('Push api:1.4');
  close();
  expect(heading()).toBe('Push api:1.4');
  endAnimations();
  await waitFor(() => expect(heading()).toBeUndefined());
});

it('a sheet that opens during the exit animation of the previous one has a new state', () => {
  render(<Opener />);
  open();
  fireEvent.change(screen.getByLabelText('Text'), { target: { value: 'something' } });
  close();
  open();
  expect(screen.getByLabelText<HTMLInputElement>('Text').value).toBe('');
});
