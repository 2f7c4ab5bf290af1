/** What is known of the images in local storage, and what can be done with them. */
import { z } from 'zod';
import { digestSchema, manifestListSchema, referenceSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

const pairs = z.array(z.object({ name: z.string(), value: z.string() }));

/** What an image starts, and how. Source: OCI image-spec, "Image Configuration"; docker adds the health check. */
const imageSettingsSchema = z.object({
  entrypoint: z.array(z.string()).optional(),
  cmd: z.array(z.string()).optional(),
  shell: z.array(z.string()).optional(),
  workingDir: z.string().optional(),
  user: z.string().optional(),
  stopSignal: z.string().optional(),
  env: pairs,
  labels: pairs,
  /** As `8080/tcp`. */
  ports: z.array(z.string()),
  volumes: z.array(z.string()),
  onBuild: z.array(z.string()),
  /** The times are in seconds. */
  healthcheck: z
    .object({
      test: z.array(z.string()),
      interval: z.number().optional(),
      timeout: z.number().optional(),
      startPeriod: z.number().optional(),
      startInterval: z.number().optional(),
      retries: z.number().optional(),
    })
    .optional(),
});
export type ImageSettings = Readonly<z.infer<typeof imageSettingsSchema>>;

const historyStepSchema = z.object({
  createdAt: z.string().optional(),
  command: z.string(),
  comment: z.string().optional(),
  author: z.string().optional(),
  /** The number of the layer that it made, counted from 1. Missing for a step that made none. */
  layer: z.number().optional(),
  /** Bytes of that layer, compressed. */
  size: z.number().optional(),
});
export type HistoryStep = Readonly<z.infer<typeof historyStepSchema>>;

const layerDetailsSchema = z.object({
  /** Counted from 1. */
  number: z.number(),
  digest: digestSchema,
  /** Of the uncompressed layer. */
  diffId: z.string().optional(),
  mediaType: z.string(),
  compression: z.enum(['gzip', 'zstd', 'none']),
  /** As it is stored and pushed. */
  size: z.number(),
  /** Known after its files were listed once. */
  uncompressedSize: z.number().optional(),
  /** The step that made it. */
  command: z.string().optional(),
  /** Other references whose images have it. */
  sharedWith: z.array(z.string()),
  /** Other platforms of this image that have it. */
  sharedPlatforms: z.array(platformSchema),
});
export type LayerDetails = Readonly<z.infer<typeof layerDetailsSchema>>;

/** The image of one platform. */
export const imageDetailsSchema = z.object({
  platform: platformSchema,
  digest: digestSchema,
  configDigest: digestSchema,
  createdAt: z.string().optional(),
  author: z.string().optional(),
  osVersion: z.string().optional(),
  settings: imageSettingsSchema,
  history: z.array(historyStepSchema),
  layers: z.array(layerDetailsSchema),
  /** What of it cannot be read, in a sentence. */
  notes: z.array(z.string()),
});
export type ImageDetails = Readonly<z.infer<typeof imageDetailsSchema>>;

export const imageFileTypes = ['file', 'directory', 'symlink', 'link', 'device', 'fifo'] as const;

/** A file or folder of an image or of a layer. */
export const imageFileSchema = z.object({
  /** With a leading slash. */
  path: z.string(),
  type: z.enum(imageFileTypes),
  /** Of a folder: of all that is in it. Uncompressed, in bytes. */
  size: z.number(),
  mode: z.number(),
  uid: z.number(),
  gid: z.number(),
  /** ISO 8601. */
  modifiedAt: z.string().optional(),
  /** Where a link leads. */
  link: z.string().optional(),
  /** The number of the layer that has it, counted from 1. */
  layer: z.number(),
  /** The layer removes it from those below. */
  isRemoved: z.literal(true).optional(),
});
export type ImageFile = Readonly<z.infer<typeof imageFileSchema>>;

export const imageFilesSchema = z.object({
  platform: platformSchema,
  /** The folder whose content is listed, or the file. */
  path: z.string(),
  files: z.array(imageFileSchema),
  /** Set if there are more: `from` for the next ones. */
  next: z.number().optional(),
  /** Of all that is in the image or the layer. */
  total: z.object({ files: z.number(), bytes: z.number() }),
  /** Sentences about what could not be read. */
  notes: z.array(z.string()),
});
export type ImageFiles = Readonly<z.infer<typeof imageFilesSchema>>;

/** A blob of an image that is missing or has another content, and what became of it. */
export const blobProblemSchema = z.object({
  digest: digestSchema,
  kind: z.enum(['missing', 'damaged']),
  /** What it is: `layer 2 of linux/amd64`. */
  what: z.string(),
  /** Where it was fetched from again. */
  repairedFrom: z.string().optional(),
});
export type BlobProblem = Readonly<z.infer<typeof blobProblemSchema>>;

export const verifiedImageSchema = z.object({
  /** Missing for what is kept for later builds. */
  reference: z.string().optional(),
  blobs: z.number(),
  bytes: z.number(),
  problems: z.array(blobProblemSchema),
  /** Why its repair was not possible, one for each source that was tried. */
  failures: z.array(problemSchema).optional(),
  /** The newest build that made it, if it is damaged after a repair: a build makes again what nothing else has. */
  builtBy: z.object({ id: z.string(), context: z.string() }).optional(),
});
export type VerifiedImage = Readonly<z.infer<typeof verifiedImageSchema>>;

export const verificationSchema = z.object({
  images: z.array(verifiedImageSchema),
  /** Each blob once. */
  blobs: z.number(),
  bytes: z.number(),
});
export type Verification = Readonly<z.infer<typeof verificationSchema>>;

/** What had a name before. */
const replacedSchema = z.object({ digest: digestSchema }).optional();

export const loadedImageSchema = z.object({
  list: manifestListSchema,
  replaced: replacedSchema,
  /** Platforms whose layers were compressed, so that their digests are not those of the archive. */
  compressed: z.array(platformSchema),
  /** The names in the archive that no image can have here. */
  notes: z.array(z.string()),
});
export type LoadedImage = Readonly<z.infer<typeof loadedImageSchema>>;

/** Chosen by the caller, to tell the progress of its call by `images.progress`. */
const task = z.string().max(100).optional();
const fileSelection = z.object({
  reference: referenceSchema,
  /** Without it: the only one, or that of this computer. */
  platform: platformSchema.optional(),
  /** Of one layer, counted from 1. Without it: of the image, as its layers make it. */
  layer: z.number().int().min(1).optional(),
  path: z.string().max(4096).default('/'),
});

export const localImageCalls = {
  /** Lists a folder, or everything below it. The first call for a layer reads all of it. */
  'images.files': {
    input: fileSelection.extend({
      recursive: z.boolean().default(false),
      /** Only files whose paths contain it, ignoring case, below the folder. */
      filter: z.string().max(1000).default(''),
      from: z.number().int().min(0).default(0),
      count: z.number().int().min(1).max(10_000).default(1000),
      task,
    }),
    output: imageFilesSchema,
  },
  /** Writes one file of an image to a new file on the computer that runs the app. An absolute path. */
  'images.saveFile': {
    input: fileSelection.extend({ destination: z.string().min(1).max(4096), task }),
    output: z.object({ path: z.string(), bytes: z.number() }),
  },
  /** Gives an image another name. An image that has the name loses it, and is kept for a while. */
  'images.tag': {
    input: z.object({ reference: referenceSchema, name: referenceSchema }),
    output: z.object({ list: manifestListSchema, replaced: replacedSchema }),
  },
  /** Takes a name from an image, which is kept for a while if it has no other name. */
  'images.untag': {
    input: z.object({ reference: referenceSchema }),
    output: z.object({ digest: digestSchema, isLast: z.boolean() }),
  },
  /** Gives the name back to an image that has lost it, while it is kept. */
  'images.restore': {
    input: z.object({ reference: referenceSchema, digest: digestSchema }),
    output: manifestListSchema,
  },
  /** Compares each blob with its digest. With `repair`, damaged and missing ones are fetched again. Without references: all. */
  'images.verify': {
    input: z.object({
      references: z.array(referenceSchema).max(1000).optional(),
      repair: z.boolean().default(false),
      /** False also allows registries with plain HTTP and untrusted certificates to repair from. */
      tlsVerify: z.boolean().default(true),
      task,
    }),
    output: verificationSchema,
  },
  /** Whether a file or folder has images of other tools, and is not a project. An absolute path. */
  'images.recognise': {
    input: z.object({ path: z.string().min(1).max(4096) }),
    output: z.object({ hasImages: z.boolean() }),
  },
  /** Stores the images of archives and folders of other tools. Absolute paths. */
  'images.load': {
    input: z.object({
      paths: z.array(z.string().min(1).max(4096)).min(1).max(100),
      /** The name, if there is one image. */
      reference: referenceSchema.optional(),
      task,
    }),
    output: z.array(loadedImageSchema),
  },
};

/** The progress of a long call. `total` is missing if it is not known. */
export const imagesProgressSchema = z.object({
  task: z.string(),
  text: z.string(),
  doneBytes: z.number(),
  totalBytes: z.number().optional(),
});
export type ImagesProgress = Readonly<z.infer<typeof imagesProgressSchema>>;
