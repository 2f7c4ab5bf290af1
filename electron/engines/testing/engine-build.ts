import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { Instruction } from '../../../shared/project.ts';
import type { ContextSource } from '../../context/context-source.ts';
import type { EngineBuild } from '../engine.ts';

/** A build with a small context, for tests. */
export function testBuild(changes: Partial<EngineBuild> = {}): EngineBuild {
  return {
    id: randomUUID(),
    platform: platformNamed('linux/arm64'),
    isEmulated: false,
    tag: 'localhost/x:1',
    file: 'Containerfile',
    excludes: ['.git'],
    context: tarContext(() => Readable.from([Buffer.alloc(1024)])),
    contextKey: async () => 'test',
    buildArgs: {},
    labels: {},
    noCache: false,
    format: 'oci',
    pull: 'missing',
    logins: [],
    secrets: [],
    ssh: [],
    instructions: [],
    discardCache: false,
    ...changes,
  };
}

/** A context that can be read only as a tar. */
export function tarContext(tar: () => Readable): ContextSource {
  const unused = (): never => {
    throw new Error('the engine reads only the tar');
  };
  return { tar, files: unused, open: unused };
}

/** A Containerfile with an instruction in each line. */
export function testInstructions(...texts: string[]): Instruction[] {
  return texts.map((text, index) => ({ text, firstLine: index + 1, lastLine: index + 1 }));
}

function platformNamed(name: string): Platform {
  const platform = parsePlatform(name);
  if (!platform) {
    throw new Error(`${name} is not a platform`);
  }
  return platform;
}
