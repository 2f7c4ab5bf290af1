/** Damages files at random. The same seed always gives the same result. */

/** Mulberry32: random numbers from 0 up to, but not including, 1. Source: Tommy Ettinger, public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fragments that parsers often handle wrongly. */
const fragments: readonly Buffer[] = [
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '"__proto__":{"URI":"ssh://x"},',
    '[engine.service_destinations.__proto__]\n',
    '\u0000',
    '\uFEFF',
    '\u2028',
    '\u202e',
    '\u001b[31m',
    '\r\n',
    '\r',
    '\\u0000',
    '\\ud800',
    '%00',
    '%zz',
    '"""',
    "'''",
    '9'.repeat(400),
    '-9223372036854775809',
    '1e999',
    '-0',
    'NaN',
    '0x',
    '1979-05-27T07:32:00Z',
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '\\',
    '"',
    "'",
    '#',
    '=',
    ',',
    '://',
    '@',
    ':99999999',
    'ssh://[::1%25eth0]:22',
    'Include ~/.ssh/config\n',
    'Include /nowhere/*/[a-z]*\n',
    'Match all\n',
    'Host *\n',
    '../../..',
    '~',
  ].map((text) => Buffer.from(text)),
  // not valid UTF-8: a continuation byte alone, an overlong slash, a surrogate, a byte that never occurs
  Buffer.from([0x80]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xff]),
];

/** Fragments of up to 200,000 bytes. They slow a test down, so they are used rarely. */
const largeFragments: readonly ((pick: (below: number) => number) => Buffer)[] = [
  (pick) => Buffer.alloc(1 + pick(100_000), '['),
  (pick) => {
    const depth = 1 + pick(20_000);
    return Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);
  },
  (pick) => Buffer.from('{"a":'.repeat(1 + pick(20_000))),
  (pick) => Buffer.from('{a='.repeat(1 + pick(20_000))),
  (pick) => Buffer.from(`${'a.'.repeat(1 + pick(20_000))}b=1\n`),
  (pick) => Buffer.alloc(1 + pick(200_000), 'x'),
  (pick) => Buffer.alloc(1 + pick(200_000), ' '),
  (pick) => Buffer.alloc(1 + pick(200_000), '\n'),
  (pick) => Buffer.alloc(1 + pick(200_000), 0),
  (pick) => Buffer.alloc(1 + pick(100_000), '*?'),
];

/** One of the files with one to six mutations, mostly few. */
export function mutate(files: readonly Buffer[], seed: number): Buffer {
  const next = seededRandom(seed);
  const pick = (below: number): number => Math.floor(next() * below);
  const one = <T>(of: readonly T[]): T => {
    const chosen = of[pick(of.length)];
    if (chosen === undefined) {
      throw new Error('the list is empty');
    }
    return chosen;
  };
  const range = (of: Buffer): [number, number] => {
    const from = pick(of.length + 1);
    return [from, Math.min(of.length, from + pick(pick(8) === 0 ? of.length + 1 : 40))];
  };
  const insert = (into: Buffer, what: Buffer): Buffer => {
    const at = pick(into.length + 1);
    return Buffer.concat([into.subarray(0, at), what, into.subarray(at)]);
  };
  const changes: readonly ((file: Buffer) => Buffer)[] = [
    // flip bits
    (file) => {
      const flipped = Buffer.from(file);
      for (let times = 1 + pick(4); times > 0 && flipped.length > 0; times--) {
        const at = pick(flipped.length);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << pick(8));
      }
      return flipped;
    },
    // remove a range, or the rest of the file
    (file) => {
      const [from, to] = range(file);
      return Buffer.concat([file.subarray(0, from), file.subarray(to)]);
    },
    (file) => file.subarray(0, pick(file.length + 1)),
    // copy a range of this or another file
    (file) => insert(file, file.subarray(...range(file))),
    (file) => {
      const other = one(files);
      return insert(file, other.subarray(...range(other)));
    },
    // repeat a range
    (file) => {
      const [from, to] = range(file);
      const times = 1 + pick(pick(20) === 0 ? 500 : 8);
      const piece = file.subarray(from, to);
      const repeated = Buffer.concat(Array.from({ length: times }, () => piece)).subarray(0, 50_000);
      return Buffer.concat([file.subarray(0, to), repeated, file.subarray(to)]);
    },
    // insert a fragment, or replace a range by one
    (file) => insert(file, one(fragments)),
    (file) => {
      const [from, to] = range(file);
      return Buffer.concat([file.subarray(0, from), one(fragments), file.subarray(to)]);
    },
    (file) => insert(file, pick(40) === 0 ? one(largeFragments)(pick) : one(fragments)),
    // use the encoding or the line ends of another system
    (file) => (pick(10) === 0 ? Buffer.from(file.toString('latin1'), 'utf16le') : file),
    (file) => Buffer.from(file.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
  ];
  let file = one(files);
  for (let times = 1 + pick(1 + pick(6)); times > 0; times--) {
    file = one(changes)(file);
  }
  return file;
}
