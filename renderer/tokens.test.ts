import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

/** The tokens that are one colour for light and one for dark; references to other tokens are followed. */
function colours(theme: 'light' | 'dark'): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', light = '', dark = ''] of css.matchAll(
    /--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g,
  )) {
    found.set(name, theme === 'light' ? light : dark);
  }
  for (const [, name = '', target = ''] of css.matchAll(/--([\w-]+): var\(--([\w-]+)\);/g)) {
    found.set(name, found.get(target) ?? '');
  }
  for (const [, name = '', colour = ''] of css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)) {
    found.set(name, colour);
  }
  return found;
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(colour: string): number {
  const channel = (from: number): number => {
    const value = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = [
  'ground-frame',
  'ground',
  'ground-sunken',
  'ground-raised',
  'ground-hover',
  'ground-pressed',
  'ground-selected',
];
const states = ['waiting', 'running', 'done', 'warning', 'failed', 'cancelled'];

describe.each(['light', 'dark'] as const)('the colours of %s', (theme) => {
  const of = colours(theme);
  const pairs: [text: string, ground: string][] = [
    ...['text', 'text-secondary', 'text-tertiary', 'accent'].flatMap((text) =>
      grounds.map((ground): [string, string] => [text, ground]),
    ),
    ...states.flatMap((state) =>
      [...grounds, `${state}-tint`].map((ground): [string, string] => [`${state}-text`, ground]),
    ),
    ...['accent-fill', 'accent-fill-hover', 'failed-fill-strong', 'failed-fill-strong-hover'].map(
      (ground): [string, string] => ['text-on-accent', ground],
    ),
  ];

  it.each(pairs)('%s can be read on %s', (text, ground) => {
    expect(of.get(text)).toMatch(/^#/);
    expect(contrast(of.get(text) ?? '', of.get(ground) ?? '')).toBeGreaterThanOrEqual(4.5);
  });

  it.each(states)('a bar that says %s stands out from the ground', (state) => {
    const least = state === 'cancelled' || state === 'waiting' ? 1.5 : 2.4;
    expect(contrast(of.get(`${state}-fill`) ?? '', of.get('ground') ?? '')).toBeGreaterThanOrEqual(least);
  });
});
