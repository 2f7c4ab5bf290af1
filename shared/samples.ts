/** The sample projects, which are in the folder `samples/` under their names. Without zod, since the page has them. */

/** With which command, and on which sheet of the window, a sample is built. */
export type SampleKind = 'build' | 'bake' | 'package';

export interface Sample {
  readonly title: string;
  /** What it shows, in one sentence. */
  readonly text: string;
  readonly kind: SampleKind;
  /** Name of the image, of a sample that is one image. */
  readonly reference?: string;
  /** Its files are committed to a git repository, on which its tag depends. */
  readonly isRepository?: true;
}

export const sampleNames = ['hello', 'c', 'two-stage', 'matrix', 'three-images', 'linuxkit'] as const;
export type SampleName = (typeof sampleNames)[number];

export const samples: Readonly<Record<SampleName, Sample>> = {
  hello: {
    title: 'Hello',
    text: 'A small image for each platform, which says where it was built.',
    kind: 'build',
    reference: 'hello:1',
  },
  c: {
    title: 'C, tested on each processor',
    text: 'Compiles a program and runs its tests on each platform, where they find what cross-compiling cannot show.',
    kind: 'build',
    reference: 'checksum:1',
  },
  'two-stage': {
    title: 'Two stages',
    text: 'Makes a web site in one stage and serves it from an image without the tools.',
    kind: 'build',
    reference: 'site:1',
  },
  matrix: {
    title: 'A matrix with arguments',
    text: 'A bake file that makes four images of one Containerfile, each for all platforms.',
    kind: 'bake',
  },
  'three-images': {
    title: 'A recipe of three images',
    text: 'A barnraiser.json with three images, two of which begin with the third.',
    kind: 'bake',
  },
  linuxkit: {
    title: 'A LinuxKit package',
    text: 'A package whose tag is the hash that git has for its files.',
    kind: 'package',
    isRepository: true,
  },
};
