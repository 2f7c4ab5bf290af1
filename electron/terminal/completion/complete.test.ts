import { describe, expect, test } from 'vitest';
import { createProgram } from '../commands/program.ts';
import { type Candidate, complete, completionText, type NameKind } from './complete.ts';

const ignore = (): void => undefined;
const program = createProgram({ env: {}, workingFolder: '/', onCommand: ignore, onText: ignore });

const names: Readonly<Record<NameKind, readonly string[]>> = {
  connections: ['big', 'pi4', 'pi5'],
  farms: ['pis'],
  builds: ['20260102-030405-abcd'],
  images: ['api:1.4', 'web:2'],
  schedules: ['nightly', 'weekly'],
};

async function completed(line: string) {
  const found: NameKind[] = [];
  const completion = await complete(program, line.split(' '), async (kind): Promise<Candidate[]> => {
    found.push(kind);
    return names[kind].map((value) => ({ value }));
  });
  return { ...completion, values: completion.candidates.map(({ value }) => value), found };
}

describe('completes', () => {
  test.each([
    ['con', ['connection']],
    ['connection up', ['update']],
    ['connection remove p', ['pi4', 'pi5']],
    ['connection remove pi4 p', ['pi5']],
    ['connection fix pi4 enable-s', ['enable-socket']],
    ['farm update pis --add pi4,b', ['pi4,big']],
    ['farm update pis --add=pi4,pi', ['--add=pi4,pi5']],
    ['farm create ', []],
    ['status ', ['pis']],
    ['build --node big,p', ['big,pi4', 'big,pi5']],
    ['build --platform linux/arm6', ['linux/arm64']],
    ['build --format ', ['oci', 'docker']],
    ['build --pull=n', ['--pull=newer', '--pull=never']],
    ['build --allow-p', ['--allow-platform-mismatch']],
    ['push a', ['api:1.4']],
    ['push api:1.4 ', []],
    ['rm api:1.4 ', ['web:2']],
    ['retry 2', ['20260102-030405-abcd']],
    ['builds r', ['rm']],
    ['builds rm ', ['20260102-030405-abcd']],
    ['completion f', ['fish']],
    ['explain ssh.host-key-c', ['ssh.host-key-changed']],
    ['unknown-command ', []],
    ['push -- --a', []],
  ])('%j', async (line, values) => {
    expect((await completed(line)).values).toEqual(values);
  });

  test('options of the command and of all commands', async () => {
    const { values } = await completed('logs --');
    expect(values).toEqual(['--last', '--follow', '--json', '--accept-new-host-keys', '--progress', '--help']);
  });

  test('all commands', async () => {
    const { values } = await completed('');
    expect(values).toEqual(program.commands.map((command) => command.name()));
  });

  test.each([
    ['build ', 'folders'],
    ['build -f ', 'files'],
    ['connection add a b --identity ', 'files'],
    ['connection export ', 'files'],
  ])('%j with paths', async (line, paths) => {
    expect(await completed(line)).toMatchObject({ paths, candidates: [] });
  });
});

test('names are looked up only where they are needed', async () => {
  expect((await completed('bui')).found).toEqual([]);
  expect((await completed('push a')).found).toEqual(['images']);
});

test('the text has a candidate with its description per line, then what the shell adds', () => {
  const candidates = [{ value: 'pi4', description: 'ssh://pi@pi4' }, { value: 'big' }];
  expect(completionText({ candidates, paths: 'files' })).toBe('pi4\tssh://pi@pi4\nbig\n:files\n');
});
