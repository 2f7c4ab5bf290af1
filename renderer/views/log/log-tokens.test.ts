import { describe, expect, it } from 'vitest';
import tokens from '../../tokens.css?raw';
import { colours } from './line-text.ts';
import css from './log-tokens.css?raw';

function readColours(theme: 'light' | 'dark'): Map<string, string> {
  const pairs = `${tokens}${css}`.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g);
  return new Map([...pairs].map(([, name = '', light = '', dark = '']) => [name, theme === 'light' ? light : dark]));
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((from) => {
    const value = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(['light', 'dark'] as const)('a log in the %s theme', (theme) => {
  const of = readColours(theme);
  const backgrounds = [
    'background',
    'background-sunken',
    'background-selected',
    'warning-tint',
    ...colours.map((name) => `log-on-${name}`),
  ];
  const texts = ['text', ...colours.map((name) => `log-${name}`)];
  const pairs = texts.flatMap((text) => backgrounds.map((background): [string, string] => [text, background]));

  it.each(pairs)('is readable in %s on %s', (text, background) => {
    expect(contrast(of.get(text) ?? '', of.get(background) ?? '')).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['log-match', 'log-match-here'])('is readable on the background of a search match: %s', (background) => {
    expect(contrast(of.get('text') ?? '', of.get(background) ?? '')).toBeGreaterThanOrEqual(4.5);
  });
});
