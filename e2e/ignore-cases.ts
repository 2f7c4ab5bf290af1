/** Ignore files to add to {@link tree}. */
export interface IgnoreCase {
  readonly name: string;
  /** The content of `.dockerignore`. */
  readonly ignore?: string;
  /** Other files, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** The path of the Containerfile, if it is not in the root. */
  readonly containerfile?: string;
  /** Whether engines reject the ignore file. */
  readonly refused?: true;
  /**
   * Files that podman includes and we ignore, because podman interprets the pattern differently from docker and from its own
   * documentation.
   */
  readonly onlyPodman?: readonly string[];
  /** Files that we send as docker's client does, and podman ignores for the same reason. */
  readonly onlySent?: readonly string[];
}

const copyAll = 'FROM scratch\nCOPY . /\n';

/** Contents by path. A path with a slash at the end is an empty folder; a content that starts with `->` is a symlink. */
export const tree: Readonly<Record<string, string>> = {
  Containerfile: copyAll,
  'README.md': 'readme',
  '.env': 'PASSWORD=1',
  '.env.example': 'PASSWORD=',
  secret: 's',
  barsecret: 's',
  'secret.pem': 's',
  'a1.c': '1',
  'b2.c': '2',
  'x.txt': 'x',
  '[x].txt': 'x',
  'foo(1).txt': 'f',
  'foo1.txt': 'f',
  '#hash.txt': '#',
  '!bang.txt': '!',
  'star*.txt': '*',
  'back\\slash.txt': 'b',
  '日本.txt': 'n',
  'ä/ö.txt': 'u',
  'with space/file name.txt': 's',
  'empty/': '',
  'link.ts': '->src/main.ts',
  linked: '->src',
  'src/main.ts': 'm',
  'src/main.test.ts': 't',
  'src/deep/keep.txt': 'k',
  'src/deep/a/b/c.txt': 'c',
  'docs/index.md': 'i',
  'docs/draft.md': 'd',
  'docs/img/logo.png': 'p',
  'log/2024-01.log': '1',
  'log/2024-02.log': '2',
  'log/2025-01.log': '3',
  'build/Containerfile': copyAll,
  'build/out.bin': 'o',
  'node_modules/pkg/index.js': 'j',
  'node_modules/pkg/package.json': '{}',
  'packages/one/package.json': '{}',
  'packages/one/node_modules/x/index.js': 'j',
};

const everyC = ['a1.c', 'b2.c'];

export const cases: readonly IgnoreCase[] = [
  { name: 'no ignore file', files: {} },
  { name: 'an empty ignore file', ignore: '' },
  { name: 'only comments and empty lines', ignore: '# all\n\n   \n#x.txt\n' },
  { name: 'a file by name', ignore: 'x.txt\n' },
  { name: 'a folder by name', ignore: 'docs\n' },
  { name: 'a folder with a trailing slash', ignore: 'docs/\n' },
  { name: 'a leading slash', ignore: '/docs\n/x.txt\n' },
  { name: 'a leading dot and slash', ignore: './docs\n./x.txt\n' },
  { name: 'a path that is not normalized', ignore: 'docs//img/../draft.md\nsrc/./main.ts\n' },
  { name: 'a path outside the context', ignore: '../x.txt\n' },
  { name: 'a name that matches only in the root', ignore: 'keep.txt\nindex.js\n' },
  { name: 'spaces around a pattern', ignore: '  x.txt  \n\tdocs\t\n' },
  { name: 'spaces inside a pattern', ignore: 'with space/file name.txt\n' },
  { name: 'Windows line endings', ignore: 'x.txt\r\ndocs\r\n' },
  { name: 'no line ending in the last line', ignore: 'docs\nx.txt' },
  { name: 'a byte order mark', ignore: '\uFEFFx.txt\ndocs\n' },
  { name: 'a hash in the first and another column', ignore: '#hash.txt\n #hash.txt\n' },
  { name: 'a star matches within one folder', ignore: '*.md\n*.ts\n' },
  { name: 'a star in the middle', ignore: 'log/2024-*.log\n' },
  { name: 'a star for a folder', ignore: '*/*.md\n' },
  { name: 'a star for everything', ignore: '*\n' },
  { name: 'a question mark', ignore: '?1.c\nlog/202?-01.log\n' },
  { name: 'a question mark for a multi-byte character', ignore: '?本.txt\n?/?.txt\n' },
  { name: 'a class', ignore: '[ab][12].c\n' },
  { name: 'a range', ignore: 'log/202[0-4]-01.log\n' },
  { name: 'a negated class', ignore: '[^a]2.c\n' },
  { name: 'an exclamation mark does not negate a class', ignore: '[!a]1.c\n' },
  { name: 'a named class', ignore: 'a[[:digit:]].c\n' },
  { name: 'escaped brackets', ignore: '\\[x\\].txt\n' },
  { name: 'an escaped star', ignore: 'star\\*.txt\n' },
  { name: 'an escaped backslash', ignore: 'back\\\\slash.txt\n' },
  { name: 'an escaped exclamation mark', ignore: '\\!bang.txt\n' },
  { name: 'an escaped hash', ignore: '\\#hash.txt\n' },
  { name: 'Unicode', ignore: 'ä\n日*.txt\n' },
  { name: 'two leading stars', ignore: '**/node_modules\n' },
  { name: 'two leading stars before a wildcard', ignore: '**/*.md\n' },
  { name: 'two trailing stars keep the folder', ignore: 'docs/**\n' },
  { name: 'two stars in the middle', ignore: 'src/**/c.txt\nsrc/**/keep.txt\n' },
  { name: 'two leading and two trailing stars', ignore: '**/deep/**\n' },
  { name: 'only two stars', ignore: '**\n' },
  { name: 'two stars within a name', ignore: 'sec**\n' },
  {
    name: 'two stars before a name without a slash',
    ignore: '**secret\n',
    onlyPodman: ['barsecret'], // docker matches the end of a path, podman only whole names
  },
  { name: 'everything except one file', ignore: '*\n!x.txt\n' },
  { name: 'everything except a folder', ignore: '*\n!src\n' },
  { name: 'everything except a file in a folder', ignore: '*\n!src/deep/keep.txt\n' },
  {
    name: 'everything except the matches of two stars',
    ignore: '*\n!**/*.ts\n',
    onlySent: ['src/main.test.ts', 'src/main.ts'], // podman reads an ignored folder only if a ! line starts with its name
  },
  { name: 'a folder except one of its files', ignore: 'docs\n!docs/index.md\n' },
  { name: 'the files of a folder except one', ignore: 'docs/*\n!docs/index.md\n' },
  { name: 'an exception that is ignored again', ignore: '*.c\n!a1.c\na*\n' },
  { name: 'an exception before the pattern that ignores it', ignore: '!x.txt\n*.txt\n' },
  { name: 'an exception with a leading slash', ignore: '*.c\n!/a1.c\n' },
  {
    name: 'an exception with a space after the exclamation mark',
    ignore: '*.c\n! a1.c\n',
    onlySent: ['a1.c'], // podman treats the space as part of the name
  },
  { name: 'an exception for a folder after a pattern for its file', ignore: 'docs/draft.md\n!docs\n' },
  {
    name: 'an exception with a wildcard in an ignored folder',
    ignore: 'node_modules\n!node_modules/*/package.json\n',
    onlySent: ['node_modules/pkg/package.json'], // `node_modules/*/…` does not start with `node_modules/pkg`
  },
  {
    name: 'an exception with a name in an ignored folder',
    ignore: 'node_modules\n!node_modules/pkg/package.json\n',
  },
  { name: 'an ignored folder and rules for others', ignore: 'node_modules\npackages/*/node_modules\n!docs/**\n' },
  { name: 'secrets except their examples', ignore: '.env*\n!.env.example\n*.pem\n' },
  { name: 'symlinks by their name', ignore: 'link.ts\nlinked\n' },
  { name: 'a path through a symlink', ignore: 'linked/main.ts\n' },
  { name: 'an empty folder', ignore: 'empty\n' },
  { name: 'the Containerfile and the ignore file', ignore: 'Containerfile\n.dockerignore\n' },
  { name: 'only a slash', ignore: '/\n' },
  { name: 'only a dot', ignore: '.\n' },
  {
    name: 'characters that are special only in podman',
    ignore: 'foo(1).txt\n',
    // podman treats the parentheses as a group and ignores foo1.txt instead
    onlyPodman: ['foo(1).txt'],
    onlySent: ['foo1.txt'],
  },
  {
    name: 'a leading space and slash',
    ignore: ' /a1.c\n /b2.c\n',
    onlyPodman: everyC, // podman removes a leading slash before it trims spaces
  },
  {
    name: '.containerignore takes precedence over .dockerignore',
    files: { '.containerignore': 'x.txt\n', '.dockerignore': 'docs\n' },
  },
  {
    name: 'Containerfile.containerignore takes precedence over the ignore files in the root',
    files: { 'Containerfile.containerignore': 'x.txt\n', '.containerignore': 'docs\n', '.dockerignore': 'src\n' },
  },
  {
    name: 'Containerfile.dockerignore takes precedence over Containerfile.containerignore',
    files: { 'Containerfile.dockerignore': 'x.txt\n', 'Containerfile.containerignore': 'docs\n' },
  },
  {
    name: 'the ignore file of a Containerfile in an ignored folder',
    files: { 'build/Containerfile.dockerignore': 'build\nx.txt\n', '.dockerignore': 'docs\n' },
    containerfile: 'build/Containerfile',
  },
  { name: 'an unclosed bracket', ignore: 'docs\n[x.txt\n', refused: true },
  { name: 'an empty class', ignore: '[]a1.c\n', refused: true },
  { name: 'a reversed range', ignore: '[z-a]1.c\n', refused: true },
  { name: 'a trailing backslash', ignore: 'x.txt\\\n', refused: true },
  { name: 'only an exclamation mark', ignore: '!\n', refused: true },
];
