/** One ignore file, or several that compete, laid over the tree below. */
export interface IgnoreCase {
  readonly name: string;
  /** The text of `.dockerignore`, unless `files` says more. */
  readonly ignore?: string;
  /** Files to write into the tree, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** The Containerfile, where it is not the one at the root. */
  readonly containerfile?: string;
  /** Engines refuse this ignore file. */
  readonly refused?: true;
  /**
   * What podman puts into the image and we leave at home, because podman reads the line in another way than docker and its own
   * documentation do.
   */
  readonly onlyPodman?: readonly string[];
  /** Files that we send as docker's client would, and podman leaves out of the image, for the same reason. */
  readonly onlySent?: readonly string[];
}

const copyAll = 'FROM scratch\nCOPY . /\n';

/** Path → content. A path that ends in a slash is an empty folder, a content that starts with `->` makes a symlink. */
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
  { name: 'comments and empty lines only', ignore: '# all\n\n   \n#x.txt\n' },
  { name: 'a file by name', ignore: 'x.txt\n' },
  { name: 'a folder by name', ignore: 'docs\n' },
  { name: 'a folder with a slash behind', ignore: 'docs/\n' },
  { name: 'a slash in front', ignore: '/docs\n/x.txt\n' },
  { name: 'a dot and a slash in front', ignore: './docs\n./x.txt\n' },
  { name: 'a path that has to be cleaned', ignore: 'docs//img/../draft.md\nsrc/./main.ts\n' },
  { name: 'a path out of the context', ignore: '../x.txt\n' },
  { name: 'a name means the root only', ignore: 'keep.txt\nindex.js\n' },
  { name: 'spaces around a pattern', ignore: '  x.txt  \n\tdocs\t\n' },
  { name: 'spaces inside a pattern', ignore: 'with space/file name.txt\n' },
  { name: 'windows line ends', ignore: 'x.txt\r\ndocs\r\n' },
  { name: 'no line end at the end', ignore: 'docs\nx.txt' },
  { name: 'a byte order mark', ignore: '\uFEFFx.txt\ndocs\n' },
  { name: 'a hash in the first column only', ignore: '#hash.txt\n #hash.txt\n' },
  { name: 'a star stays in its folder', ignore: '*.md\n*.ts\n' },
  { name: 'a star in the middle', ignore: 'log/2024-*.log\n' },
  { name: 'a star for a folder', ignore: '*/*.md\n' },
  { name: 'a star for everything', ignore: '*\n' },
  { name: 'a question mark', ignore: '?1.c\nlog/202?-01.log\n' },
  { name: 'a question mark for a wide letter', ignore: '?本.txt\n?/?.txt\n' },
  { name: 'a class', ignore: '[ab][12].c\n' },
  { name: 'a range', ignore: 'log/202[0-4]-01.log\n' },
  { name: 'a class that is negated', ignore: '[^a]2.c\n' },
  { name: 'an exclamation mark does not negate a class', ignore: '[!a]1.c\n' },
  { name: 'a class with a name', ignore: 'a[[:digit:]].c\n' },
  { name: 'escaped brackets', ignore: '\\[x\\].txt\n' },
  { name: 'an escaped star', ignore: 'star\\*.txt\n' },
  { name: 'an escaped backslash', ignore: 'back\\\\slash.txt\n' },
  { name: 'an escaped exclamation mark', ignore: '\\!bang.txt\n' },
  { name: 'an escaped hash', ignore: '\\#hash.txt\n' },
  { name: 'unicode', ignore: 'ä\n日*.txt\n' },
  { name: 'two stars in front', ignore: '**/node_modules\n' },
  { name: 'two stars in front of a wildcard', ignore: '**/*.md\n' },
  { name: 'two stars behind leave the folder', ignore: 'docs/**\n' },
  { name: 'two stars in the middle', ignore: 'src/**/c.txt\nsrc/**/keep.txt\n' },
  { name: 'two stars around', ignore: '**/deep/**\n' },
  { name: 'two stars alone', ignore: '**\n' },
  { name: 'two stars within a name', ignore: 'sec**\n' },
  {
    name: 'two stars before a name without a slash',
    ignore: '**secret\n',
    onlyPodman: ['barsecret'], // docker compares the end of the path, podman whole names
  },
  { name: 'everything but one file', ignore: '*\n!x.txt\n' },
  { name: 'everything but a folder', ignore: '*\n!src\n' },
  { name: 'everything but a file in a folder', ignore: '*\n!src/deep/keep.txt\n' },
  {
    name: 'everything but what two stars find',
    ignore: '*\n!**/*.ts\n',
    onlySent: ['src/main.test.ts', 'src/main.ts'], // podman enters an ignored folder only where a ! line starts with its name
  },
  { name: 'a folder but one of its files', ignore: 'docs\n!docs/index.md\n' },
  { name: 'the files of a folder but one', ignore: 'docs/*\n!docs/index.md\n' },
  { name: 'taken back and ignored again', ignore: '*.c\n!a1.c\na*\n' },
  { name: 'taken back before it is ignored', ignore: '!x.txt\n*.txt\n' },
  { name: 'taken back with a slash in front', ignore: '*.c\n!/a1.c\n' },
  {
    name: 'taken back with a space after the mark',
    ignore: '*.c\n! a1.c\n',
    onlySent: ['a1.c'], // podman takes the space for a part of the name
  },
  { name: 'a parent taken back after its child', ignore: 'docs/draft.md\n!docs\n' },
  {
    name: 'wildcards taken back below an ignored folder',
    ignore: 'node_modules\n!node_modules/*/package.json\n',
    onlySent: ['node_modules/pkg/package.json'], // as above: `node_modules/*/…` does not start with `node_modules/pkg`
  },
  {
    name: 'a name taken back below an ignored folder',
    ignore: 'node_modules\n!node_modules/pkg/package.json\n',
  },
  { name: 'an ignored folder and rules for others', ignore: 'node_modules\npackages/*/node_modules\n!docs/**\n' },
  { name: 'secrets but their examples', ignore: '.env*\n!.env.example\n*.pem\n' },
  { name: 'symlinks by their own name', ignore: 'link.ts\nlinked\n' },
  { name: 'what is behind a symlink', ignore: 'linked/main.ts\n' },
  { name: 'an empty folder', ignore: 'empty\n' },
  { name: 'the Containerfile and the ignore file', ignore: 'Containerfile\n.dockerignore\n' },
  { name: 'a slash alone', ignore: '/\n' },
  { name: 'a dot alone', ignore: '.\n' },
  {
    name: 'characters that mean something to podman only',
    ignore: 'foo(1).txt\n',
    // podman takes the parentheses for a group and ignores foo1.txt instead
    onlyPodman: ['foo(1).txt'],
    onlySent: ['foo1.txt'],
  },
  {
    name: 'a space and a slash in front',
    ignore: ' /a1.c\n /b2.c\n',
    onlyPodman: everyC, // podman drops the slash before it trims
  },
  {
    name: '.containerignore before .dockerignore',
    files: { '.containerignore': 'x.txt\n', '.dockerignore': 'docs\n' },
  },
  {
    name: "the Containerfile's own .containerignore before all at the root",
    files: { 'Containerfile.containerignore': 'x.txt\n', '.containerignore': 'docs\n', '.dockerignore': 'src\n' },
  },
  {
    name: "the Containerfile's own .dockerignore before its .containerignore",
    files: { 'Containerfile.dockerignore': 'x.txt\n', 'Containerfile.containerignore': 'docs\n' },
  },
  {
    name: 'an own ignore file of a Containerfile in an ignored folder',
    files: { 'build/Containerfile.dockerignore': 'build\nx.txt\n', '.dockerignore': 'docs\n' },
    containerfile: 'build/Containerfile',
  },
  { name: 'a bracket that is not closed', ignore: 'docs\n[x.txt\n', refused: true },
  { name: 'an empty class', ignore: '[]a1.c\n', refused: true },
  { name: 'a range the wrong way round', ignore: '[z-a]1.c\n', refused: true },
  { name: 'a backslash at the end', ignore: 'x.txt\\\n', refused: true },
  { name: 'an exclamation mark alone', ignore: '!\n', refused: true },
];
