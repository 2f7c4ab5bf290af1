import { describe, expect, it } from 'vitest';
import { ScrollScale } from './scroll-scale.ts';

function createScale(contentHeight: number, viewportHeight = 600, maxHeight = 8_000_000): ScrollScale {
  const scale = new ScrollScale(maxHeight);
  scale.resize(contentHeight, viewportHeight);
  return scale;
}

describe('scrolling through content that fits into an element', () => {
  it('scrolls the element directly', () => {
    const scale = createScale(100_000);
    expect(scale.height).toBe(100_000);
    expect(scale.onScrolled(1_234)).toBe(false);
    expect([scale.offset, scale.shift]).toEqual([1_234, 0]);
  });
});

describe('scrolling through ten million rows', () => {
  const content = 180_000_000;

  it('limits the height of the element', () => {
    expect(createScale(content).height).toBe(8_000_000);
  });

  it('moves by pixels for small movements', () => {
    const scale = createScale(content);
    scale.scrollTo(90_000_000);
    const { top } = scale;
    scale.onScrolled(top + 120);
    expect(scale.offset).toBe(90_000_120);
    scale.onScrolled(top);
    expect(scale.offset).toBe(90_000_000);
  });

  it('moves proportionally with the scrollbar and reaches both ends', () => {
    const scale = createScale(content);
    scale.onScrolled(4_000_000);
    expect(scale.offset / content).toBeCloseTo(0.5, 2);
    scale.onScrolled(8_000_000 - 600);
    expect(scale.offset).toBe(content - 600);
    expect(scale.isAtEnd).toBe(true);
    scale.onScrolled(0);
    expect(scale.offset).toBe(0);
  });

  it('never gets stuck at the end of the scrollbar before the end of the content', () => {
    const scale = createScale(1_000_000, 100, 10_000);
    scale.onScrolled(9_000);
    let { top } = scale;
    for (let step = 0; step < 20_000 && !scale.isAtEnd; step += 1) {
      top = Math.min(9_900, top + 90);
      if (scale.onScrolled(top)) {
        ({ top } = scale);
      }
    }
    expect(scale.isAtEnd).toBe(true);
  });

  it('realigns the scrollbar without moving the visible content', () => {
    const scale = createScale(content);
    scale.scrollTo(90_000_000);
    for (let step = 0; step < 100; step += 1) {
      scale.onScrolled(scale.top + 1_000);
    }
    const { offset } = scale;
    expect(scale.realign()).toBe(true);
    expect(scale.offset).toBe(offset);
    expect(scale.top / 8_000_000).toBeCloseTo(offset / content, 3);
    expect(scale.realign()).toBe(false);
  });

  it('keeps its position while rows are added', () => {
    const scale = createScale(content);
    scale.scrollTo(90_000_000);
    const { top } = scale;
    scale.resize(content + 90_000, 600);
    expect([scale.offset, scale.top]).toEqual([90_000_000, top]);
  });
});

describe('scrolling through content whose height is estimated', () => {
  it('moves at the pace of the content, and reaches both ends', () => {
    const scale = new ScrollScale();
    scale.resize(10_600, 600, 40_600);
    scale.pace = 0.25;
    expect(scale.height).toBe(40_600);
    scale.scrollTo(5_000);
    const { top } = scale;
    expect(top).toBe(20_000);
    scale.onScrolled(top + 100);
    expect(scale.offset).toBe(5_025);
    scale.onScrolled(0);
    expect(scale.offset).toBe(0);
    scale.onScrolled(40_000);
    expect(scale.isAtEnd).toBe(true);
  });

  it('keeps its offset when the estimate changes', () => {
    const scale = new ScrollScale();
    scale.resize(10_600, 600, 40_600);
    scale.scrollTo(5_000);
    scale.resize(10_600, 600, 30_600);
    expect(scale.offset).toBe(5_000);
  });
});
