import { z } from 'zod';
import { digestSchema, referenceSchema } from './image.ts';
import { imagePackagesSchema } from './packages.ts';
import { platformSchema } from './platform.ts';
import { provenanceSchema } from './provenance.ts';
import { reproductionSchema } from './reproduction.ts';
import { sbomFormats } from './sbom-format.ts';
import { signedSchema } from './signature.ts';
import { trustedKeySchema } from './trusted-key.ts';

/** Where an image is, or signatures are, instead of local storage: the registry that its reference names. */
const registry = z.object({ tlsVerify: z.boolean().default(true) }).optional();
/** Without a platform: that of this computer, or else the first of the list. In a registry, it may have a digest instead of a tag. */
const oneImage = z.object({
  reference: z.string().min(1).max(1000),
  platform: platformSchema.optional(),
  registry,
});
/** Chosen by the caller, to tell the progress of its call by `images.progress`. */
const task = z.string().max(100).optional();
/** A file with a key. An absolute path. */
const keyFile = z.string().min(1).max(4096);
/** Of an encrypted private key. It is not kept. */
const password = z.string().max(1024).optional();

/** What is known of the making and the content of images, and who vouches for them. */
export const attestationCalls = {
  /** What the package databases and programs of an image name. Takes as long as its layers take to be read, the first time. */
  'images.packages': { input: oneImage.extend({ task }), output: imagePackagesSchema },
  /** The packages in a format for other programs: as text, or written to a file (an absolute path). */
  'images.sbom': {
    input: oneImage.extend({
      task,
      format: z.enum(sbomFormats),
      file: z.string().min(1).max(4096).optional(),
      /** What is called the time when it was made, in seconds since 1970. Default: that of the image. */
      epoch: z.number().int().min(0).max(1e11).optional(),
    }),
    output: z.object({
      platform: platformSchema,
      digest: digestSchema,
      packages: z.number(),
      problems: z.array(z.object({ path: z.string(), text: z.string() })),
      text: z.string().optional(),
    }),
  },
  /** How an image was made: what was recorded when it was built. */
  'images.provenance': { input: oneImage, output: provenanceSchema },
  /** The signatures of an image and of the images of its platforms, compared with a key, or with all trusted ones, if asked for. */
  'images.signatures': {
    input: z.object({
      reference: referenceSchema,
      key: keyFile.optional(),
      password,
      /** Without a key: compare with the trusted ones. */
      trusted: z.boolean().default(false),
      registry,
    }),
    output: z.array(signedSchema),
  },
  /** Signs an image in local storage, whose pushes then bring the signature along, or one in its registry. */
  'images.sign': {
    input: z.object({
      reference: referenceSchema,
      key: keyFile,
      password,
      /** The name in the signature. Default: registry and repository of the reference. */
      identity: z.string().min(1).max(1000).optional(),
      /** Also the image of each platform. */
      recursive: z.boolean().default(false),
      /** Also what was recorded when it was built, and its SBOM. */
      attestations: z.boolean().default(false),
      registry,
    }),
    output: z.array(signedSchema),
  },
  /** Whether a key file needs a password. */
  'keys.inspect': { input: z.object({ key: keyFile }), output: z.object({ isEncrypted: z.boolean() }) },
  /** Makes a new key: `PREFIX.key` and `PREFIX.pub` (an absolute path without an ending). */
  'keys.generate': {
    input: z.object({ prefix: z.string().min(1).max(4096), password: z.string().max(1024) }),
    output: z.object({ privateKey: z.string(), publicKey: z.string(), fingerprint: z.string() }),
  },
  /** The public keys whose signatures are trusted, by name. */
  'keys.trusted': { input: z.object({}), output: z.array(trustedKeySchema) },
  /** Trusts a copy of the public key in a file. Default of the name: that of the file. */
  'keys.trust': {
    input: z.object({ file: keyFile, name: z.string().min(1).max(100).optional(), password }),
    output: trustedKeySchema,
  },
  'keys.distrust': { input: z.object({ name: z.string().min(1).max(100) }), output: z.object({}) },
  /** Builds an image again without cache, under a temporary name, and says what differs. It takes as long as the build. */
  'images.reproduce': {
    input: z.object({
      reference: referenceSchema,
      /** The id of the build to repeat. Default: the newest one whose image it is. */
      build: z.string().optional(),
    }),
    output: reproductionSchema,
  },
};
