import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

/** The colour tokens of a theme. References to other tokens are resolved. */
function readColours(theme: 'light' | 'dark'): Map<string, string> {
  const colours = new Map<string, string>();
  for (const [, name = '', light = '', dark = ''] of css.matchAll(
    /--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g,
  )) {
    colours.set(name, theme === 'light' ? light : dark);
  }
  for (const [, name = '', target = ''] of css.matchAll(/--([\w-]+): var\(--([\w-]+)\);/g)) {
    colours.set(name, colours.get(target) ?? '');
  }
  for (const [, name = '', colour = ''] of css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)) {
    colours.set(name, colour);
  }
  return colours;
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

const backgrounds = [
  'background-frame',
  'background',
  'background-sunken',
  'background-raised',
  'background-hover',
  'background-pressed',
  'background-selected',
];
const states = ['waiting', 'running', 'done', 'warning', 'failed', 'cancelled'];

describe.each(['light', 'dark'] as const)('the colours of the %s theme', (theme) => {
  const of = readColours(theme);
  const pairs: [text: string, background: string][] = [
    ...['text', 'text-secondary', 'text-tertiary', 'accent'].flatMap((text) =>
      backgrounds.map((background): [string, string] => [text, background]),
    ),
    ...states.flatMap((state) =>
      [...backgrounds, `${state}-tint`].map((background): [string, string] => [`${state}-text`, background]),
    ),
    ...['accent-fill', 'accent-fill-hover', 'failed-fill-strong', 'failed-fill-strong-hover'].map(
      (background): [string, string] => ['text-on-accent', background],
    ),
  ];

  it.each(pairs)('%s is readable on %s', (text, background) => {
    expect(of.get(text)).toMatch(/^#/);
    expect(contrast(of.get(text) ?? '', of.get(background) ?? '')).toBeGreaterThanOrEqual(4.5);
  });

  it.each(states)('a %s bar is distinguishable from the background', (state) => {
    const minContrast = state === 'cancelled' || state === 'waiting' ? 1.5 : 2.4;
    expect(contrast(of.get(`${state}-fill`) ?? '', of.get('background') ?? '')).toBeGreaterThanOrEqual(minContrast);
  });
});
