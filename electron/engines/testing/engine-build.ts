import { Readable } from 'node:stream';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { EngineBuild } from '../engine.ts';

/** A build with a small context, for tests. */
export function testBuild(changes: Partial<EngineBuild> = {}): EngineBuild {
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
    discardCache: false,
    ...changes,
  };
}

function platformNamed(name: string): Platform {
  const platform = parsePlatform(name);
  if (!platform) {
    throw new Error(`${name} is not a platform`);
  }
  return platform;
}
