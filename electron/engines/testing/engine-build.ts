import { Readable } from 'node:stream';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { EngineBuild } from '../engine.ts';

/** A build for tests, of a small context. */
export function testBuild(change: Partial<EngineBuild> = {}): EngineBuild {
  return {
    platform: platformNamed('linux/arm64'),
    tag: 'localhost/x:1',
    file: 'Containerfile',
    excludes: ['.git'],
    context: () => Readable.from([Buffer.alloc(1024)]),
    buildArgs: {},
    labels: {},
    noCache: false,
    pull: 'missing',
    instructions: [],
    leaveNothing: false,
    ...change,
  };
}

function platformNamed(name: string): Platform {
  const platform = parsePlatform(name);
  if (!platform) {
    throw new Error(`no platform ${name}`);
  }
  return platform;
}
