import { cleanup, render } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { MiddleEllipsis } from './MiddleEllipsis.tsx';

afterEach(cleanup);

function partsOf(text: string, keepEnd?: number): (string | null)[] {
  const { container } = render(<MiddleEllipsis text={text} {...(keepEnd === undefined ? {} : { keepEnd })} />);
  expect(container.textContent).toBe(text);
  return [...container.querySelectorAll('[data-text]')].map((part) => part.getAttribute('data-text'));
}

it.each([
  ['rack1-node-17', undefined, ['rack1-n', 'ode-17']],
  ['registry.example.com/team/api:1.4', undefined, ['registry.example.com/team', '/api:1.4']],
  [
    'registry.example.com/a-very-long-name-of-one:1.4',
    undefined,
    ['registry.example.com/a-very-long', '-name-of-one:1.4'],
  ],
  ['pi4', undefined, ['pi', '4']],
  ['x', undefined, ['x']],
  ['', undefined, ['']],
  ['node-👩‍🚀', 1, ['node-👩‍', '🚀']],
] as const)('%j keeps its end', (text, keepEnd, parts) => {
  expect(partsOf(text, keepEnd)).toEqual(parts);
});
