import { expect, test } from 'vitest';
import { problemCodes } from '../../../shared/failure.ts';
import { RecordedStream } from '../testing/recorded-stream.ts';
import { explain } from './explain.ts';

function run(text: string | undefined, { json = false, columns }: { json?: boolean; columns?: number } = {}) {
  const output = new RecordedStream(columns === undefined ? undefined : { columns, rows: 24 });
  const errors = new RecordedStream();
  const command = { kind: 'explain', ...(text === undefined ? {} : { text }) } as const;
  const exitCode = explain(command, { output, errors, json });
  return { exitCode, lines: output.lines, errors: errors.text };
}

test('a page fits into the terminal, except for commands and paths', () => {
  for (const columns of [40, 80]) {
    const { lines, exitCode } = run('ssh.host-key-changed', { columns });
    expect(exitCode).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colors
    const plain = lines.map((line) => line.replace(/\u001b\[\d+m/g, ''));
    const tooLong = plain.filter((line) => line.length > columns && line.trim().includes(' ') && !/^ {6}\S/.test(line));
    expect(tooLong).toEqual([]);
    expect(plain[0]).toContain('The host key has changed');
    expect(plain).toContain('      barnraiser connection test NODE');
  }
});

test('without a text, all codes are listed, and with the start of codes, those', () => {
  expect(run(undefined).lines.filter((line) => /^[a-z]+(\.| )/.test(line))).toHaveLength(problemCodes.length);
  expect(run('tls').lines.filter((line) => line.startsWith('tls.'))).toHaveLength(4);
});

test.each([
  ['ssh.host-key-changd', 'Did you mean ssh.host-key-changed?'],
  ['nothing like it at all', 'No problem has such a message.'],
])('%s is not found', (text, expected) => {
  const { exitCode, errors, lines } = run(text);
  expect(errors).toContain(expected);
  expect([exitCode, lines.join('')]).toEqual([1, '']);
});

test.each([
  ['error: Node pi4: pi@pi4.local:22 did not accept a TCP connection within 15 s.', 'ssh.timeout'],
  ['There is no connection named "pi5".', 'connection.unknown'],
  ['The registry registry.example.com requires a login', 'registry.authentication'],
  ['not a private key that can be used', 'ssh.identity'],
])('a message leads to its page: %s', (text, code) => {
  expect(run(text, { json: true }).lines.map((line) => JSON.parse(line).code)).toContain(code);
});

test('as JSON, a page has its causes, fixes and messages, and the list has a line for each code', () => {
  const [line = ''] = run('disk.full', { json: true }).lines;
  expect(JSON.parse(line)).toMatchObject({
    code: 'disk.full',
    causes: expect.any(Array),
    messages: expect.arrayContaining([
      expect.objectContaining({ messages: ['Node {node} has no space left on its disk.'] }),
    ]),
  });
  expect(run(undefined, { json: true }).lines).toHaveLength(problemCodes.length);
});
