/** Registries: their settings, their logins, and what a check of one finds. */
import { z } from 'zod';
import { problemSchema } from './problem.ts';
import { credentialsSchema } from './push.ts';
import { registryNameProblem } from './registry-name.ts';

/** `registry.example.com:5000` */
export const registryNameSchema = z.string().superRefine((text, context) => {
  const problem = registryNameProblem(text);
  if (problem !== undefined) {
    context.addIssue({ code: 'custom', message: problem });
  }
});

/** A registry, or a path in it: a login may be for only a part of a registry. */
export const loginNameSchema = z.string().superRefine((text, context) => {
  const problem = registryNameProblem(text, { path: true });
  if (problem !== undefined) {
    context.addIssue({ code: 'custom', message: problem });
  }
});

/**
 * How a registry is reached: https with a trusted certificate; https with any certificate, otherwise plain HTTP, as for
 * podman's `insecure`; plain HTTP only.
 */
export const registryTlsSchema = z.enum(['verify', 'no-verify', 'plain-http']);
export type RegistryTls = z.infer<typeof registryTlsSchema>;

const fileSchema = z.string().min(1).max(4_096);

/** What Barnraiser knows of a registry by itself. Files are absolute paths. */
export const registrySettingsSchema = z.object({
  name: registryNameSchema,
  tls: registryTlsSchema.optional(),
  /** PEM file of a certificate authority that is trusted besides the usual ones. */
  ca: fileSchema.optional(),
  /** PEM file of a client certificate. */
  clientCertificate: fileSchema.optional(),
  /** PEM file of the key of the client certificate, without a passphrase. */
  clientKey: fileSchema.optional(),
  /** Other places that are asked first when something is read: `host` or `host/path`. */
  mirrors: z.array(loginNameSchema).max(16).optional(),
  /** The address of the proxy for this registry only, or `none`. Without it: that of the environment. */
  proxy: z.string().max(1_024).optional(),
});
export type RegistrySettings = Readonly<z.infer<typeof registrySettingsSchema>>;

/** A change of settings: an empty text or list removes a setting. */
export const registryChangeSchema = registrySettingsSchema.extend({
  ca: z.string().max(4_096).optional(),
  clientCertificate: z.string().max(4_096).optional(),
  clientKey: z.string().max(4_096).optional(),
});

/** Where a login can be kept. */
export const loginStores = ['barnraiser', 'podman', 'docker'] as const;
export const loginStoreSchema = z.enum(loginStores);
export type LoginStore = z.infer<typeof loginStoreSchema>;

/** A saved login, without its secret. */
export const registryLoginSchema = z.object({
  /** The registry, or a path in it. */
  name: z.string(),
  /** Undefined if it is an identity token, or a helper does not say it. */
  username: z.string().optional(),
  store: loginStoreSchema,
  /** Where it is kept: a file, a credential helper, the keychain. Inside a sentence after "in". */
  keptIn: z.string(),
  /** Why it cannot be used here. */
  unusable: z.string().optional(),
});
export type RegistryLogin = Readonly<z.infer<typeof registryLoginSchema>>;

/** A mirror, and the file that names it; without one, Barnraiser's own settings do. */
const mirrorSchema = z.object({ location: z.string(), file: z.string().optional() });

/** A registry that is set up, signed in to, or was pushed to. */
export const registrySchema = z.object({
  name: z.string(),
  /** What Barnraiser's own settings say. */
  own: registrySettingsSchema.optional(),
  /** What holds, with what the files of podman and docker say. */
  tls: registryTlsSchema,
  mirrors: z.array(mirrorSchema),
  /** The file that blocks it. */
  blockedBy: z.string().optional(),
  /** Certificates and keys that are used, besides those of the system. */
  certificates: z.array(z.string()),
  /** Files of podman and docker that say something about it. */
  files: z.array(z.string()),
  /** The logins for it, the one that is used first. */
  logins: z.array(registryLoginSchema),
  /** When something was pushed there last, ISO 8601. */
  pushedAt: z.string().optional(),
});
export type Registry = Readonly<z.infer<typeof registrySchema>>;

/** The steps of a check, in their order. */
export const registryStepIds = ['address', 'tls', 'api', 'sign-in', 'pull', 'push'] as const;
export const registryStepSchema = z.object({
  id: z.enum(registryStepIds),
  status: z.enum(['passed', 'warning', 'failed', 'skipped']),
  /** What was found, or why it was not looked at: a sentence. */
  text: z.string(),
  facts: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  problem: problemSchema.optional(),
});
export type RegistryStep = Readonly<z.infer<typeof registryStepSchema>>;

export const registryCheckSchema = z.object({
  name: z.string(),
  /** The repository for which pull and push were tried. */
  repository: z.string().optional(),
  passed: z.boolean(),
  steps: z.array(registryStepSchema),
});
export type RegistryCheck = Readonly<z.infer<typeof registryCheckSchema>>;

/** A setting of a registry that nodes do not get when they push to it themselves, and what to do on them. */
export const directLimitSchema = z.object({ message: z.string(), fix: z.string() });
export type DirectLimit = Readonly<z.infer<typeof directLimitSchema>>;

const byName = z.object({ name: registryNameSchema });

export const registryCalls = {
  /** All registries of which something is known, by name. */
  'registries.list': { input: z.object({}), output: z.array(registrySchema) },
  /** Sets up a registry that has no settings yet. */
  'registries.add': { input: registryChangeSchema, output: registrySettingsSchema },
  /** Changes the settings of a registry, which need not have any. */
  'registries.set': { input: registryChangeSchema, output: registrySettingsSchema },
  /** Removes Barnraiser's own settings of a registry. Logins are kept. */
  'registries.remove': { input: byName, output: z.object({}) },
  'registries.check': {
    input: byName.extend({
      /** Without it: the last one that was pushed to, if any. */
      repository: z.string().max(512).optional(),
    }),
    output: registryCheckSchema,
  },
  /** What of the settings of a registry nodes do not get that push to it themselves. */
  'registries.directLimits': {
    input: z.object({ destination: z.string().max(1_024), tlsVerify: z.boolean().default(true) }),
    output: z.array(directLimitSchema),
  },
  /** Deletes a tag in a registry, or by digest an image with all of its tags. */
  'registries.delete': {
    input: z.object({
      image: z.string().max(1_024),
      tlsVerify: z.boolean().default(true),
      credentials: credentialsSchema.optional(),
    }),
    output: z.object({ deleted: z.string() }),
  },
  /** The saved logins, without their secrets. */
  'registries.logins': { input: z.object({}), output: z.array(registryLoginSchema) },
  /** Tries a login at the registry, and saves it if it is accepted. */
  'registries.login': {
    input: credentialsSchema.extend({
      name: loginNameSchema,
      /** Without it: in Barnraiser if the system's keychain can be used, otherwise in podman's file. */
      store: loginStoreSchema.optional(),
      tlsVerify: z.boolean().optional(),
    }),
    output: registryLoginSchema.extend({
      /** Whether the registry has tried it: one that asks for no login accepts any. */
      checked: z.boolean(),
    }),
  },
  /** Removes saved logins of a registry: those of a store, or without one the login that is used. */
  'registries.logout': {
    input: z.object({
      /** Without it: all logins of the store. */
      name: loginNameSchema.optional(),
      store: loginStoreSchema.optional(),
    }),
    output: z.object({
      removed: z.array(registryLoginSchema),
      /** The login that is used now. */
      left: registryLoginSchema.optional(),
    }),
  },
} as const;

export const registryEvents = {
  /** The settings or logins of a registry have changed, or without a name those of any; `registries.list` has them. */
  'registries.changed': z.object({ name: z.string().optional() }),
} as const;
