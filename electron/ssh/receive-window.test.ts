import { afterEach, describe, expect, test, vi } from 'vitest';
import { RoundTrip, widenReceiveWindow } from './receive-window.ts';

const mebibyte = 1024 * 1024;

afterEach(() => vi.restoreAllMocks());

function windowFor(...roundTripsMs: number[]): number {
  const roundTrip = new RoundTrip();
  for (const ms of roundTripsMs) {
    vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(ms);
    roundTrip.start()();
  }
  return roundTrip.windowBytes;
}

/** A channel of ssh2, with what is left of its window. */
function channelWith(window: number, readableLength = 0) {
  const granted: number[] = [];
  const protocol = { channelWindowAdjust: (_: number, bytes: number) => granted.push(bytes) };
  const channel = {
    incoming: { window },
    outgoing: { id: 7, state: 'open' },
    readableLength,
    _client: { _protocol: protocol },
  };
  return { channel, granted };
}

describe('the receive window', () => {
  test('holds what a line of 1 Gbit/s has underway, by the shortest round trip, up to 8 MiB', () => {
    expect(windowFor(90, 40, 55)).toBe(5_000_000);
    expect(windowFor(0.3)).toBeLessThan(2 * mebibyte);
    expect(windowFor(300)).toBe(8 * mebibyte);
    expect(windowFor()).toBe(0);
  });

  test('is filled up when a part of it has been used', () => {
    const { channel, granted } = channelWith(2 * mebibyte);
    widenReceiveWindow(channel, 8 * mebibyte);
    expect(granted).toEqual([6 * mebibyte]);
    widenReceiveWindow(channel, 8 * mebibyte);
    channel.incoming.window -= 3 * mebibyte;
    widenReceiveWindow(channel, 8 * mebibyte);
    expect(granted).toEqual([6 * mebibyte, 3 * mebibyte]);
    expect(channel.incoming.window).toBe(8 * mebibyte);
  });

  test('does not grow while its bytes wait in memory', () => {
    const { channel, granted } = channelWith(mebibyte, 7 * mebibyte);
    widenReceiveWindow(channel, 8 * mebibyte);
    expect(granted).toEqual([]);
  });

  test("stays ssh2's own on a short line and on a closed channel", () => {
    const { channel, granted } = channelWith(0);
    widenReceiveWindow(channel, mebibyte);
    channel.outgoing.state = 'closed';
    widenReceiveWindow(channel, 8 * mebibyte);
    expect(granted).toEqual([]);
  });
});
