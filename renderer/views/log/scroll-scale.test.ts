import { describe, expect, it } from 'vitest';
import { ScrollScale } from './scroll-scale.ts';

function scaleOf(content: number, viewport = 600, most = 8_000_000): ScrollScale {
  const scale = new ScrollScale(most);
  scale.resize(content, viewport);
  return scale;
}

describe('scrolling through something of a height that browsers can show', () => {
  it('is scrolling the element', () => {
    const scale = scaleOf(100_000);
    expect(scale.height).toBe(100_000);
    expect(scale.scrolled(1_234)).toBe(false);
    expect([scale.offset, scale.shift]).toEqual([1_234, 0]);
  });
});

describe('scrolling through ten million rows', () => {
  const content = 180_000_000;

  it('makes the element no higher than browsers can place things in', () => {
    expect(scaleOf(content).height).toBe(8_000_000);
  });

  it('moves by pixels with the wheel', () => {
    const scale = scaleOf(content);
    scale.scrollTo(90_000_000);
    const { top } = scale;
    scale.scrolled(top + 120);
    expect(scale.offset).toBe(90_000_120);
    scale.scrolled(top);
    expect(scale.offset).toBe(90_000_000);
  });

  it('moves by shares with the bar, and reaches both ends', () => {
    const scale = scaleOf(content);
    scale.scrolled(4_000_000);
    expect(scale.offset / content).toBeCloseTo(0.5, 2);
    scale.scrolled(8_000_000 - 600);
    expect(scale.offset).toBe(content - 600);
    expect(scale.atEnd).toBe(true);
    scale.scrolled(0);
    expect(scale.offset).toBe(0);
  });

  it('never gets stuck at the end of the bar with rows left', () => {
    const scale = scaleOf(1_000_000, 100, 10_000);
    scale.scrolled(9_000);
    let { top } = scale;
    for (let step = 0; step < 20_000 && !scale.atEnd; step += 1) {
      top = Math.min(9_900, top + 90);
      if (scale.scrolled(top)) {
        ({ top } = scale);
      }
    }
    expect(scale.atEnd).toBe(true);
  });

  it('puts the bar right without moving what is seen', () => {
    const scale = scaleOf(content);
    scale.scrollTo(90_000_000);
    for (let step = 0; step < 100; step += 1) {
      scale.scrolled(scale.top + 1_000);
    }
    const { offset } = scale;
    expect(scale.settle()).toBe(true);
    expect(scale.offset).toBe(offset);
    expect(scale.top / 8_000_000).toBeCloseTo(offset / content, 3);
    expect(scale.settle()).toBe(false);
  });

  it('stays where it is while rows come', () => {
    const scale = scaleOf(content);
    scale.scrollTo(90_000_000);
    const { top } = scale;
    scale.resize(content + 90_000, 600);
    expect([scale.offset, scale.top]).toEqual([90_000_000, top]);
  });
});
