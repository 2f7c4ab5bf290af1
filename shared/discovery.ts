import { z } from 'zod';
import { connectionOptionsSchema, nameSchema, uriSchema } from './connection.ts';

/** Where an engine or farm was discovered. `file`: in a file that a person chose. */
export const discoverySourceSchema = z.enum([
  'local',
  'ssh-config',
  'podman',
  'containers-conf',
  'docker',
  'buildx',
  'environment',
  'file',
]);
export type DiscoverySource = z.infer<typeof discoverySourceSchema>;

/** A discovered engine that can be imported as a connection. */
export const candidateSchema = connectionOptionsSchema.extend({
  source: discoverySourceSchema,
  /** Its name in the source, changed into a valid name that no other candidate has. */
  name: nameSchema,
  uri: uriSchema,
  /** The connection that already leads to this engine. */
  connection: nameSchema.optional(),
  /** A candidate before this one, or a connection, that leads to the same machine as its URI shows. */
  sameMachineAs: nameSchema.optional(),
  /** Sentences to read before importing it, for example that its identity file does not exist. */
  notes: z.array(z.string()).default([]),
});
export type Candidate = Readonly<z.infer<typeof candidateSchema>>;

/** A discovered farm. `connections` are names of candidates. */
export const farmCandidateSchema = z.object({
  source: discoverySourceSchema,
  name: nameSchema,
  connections: z.array(nameSchema),
  isDefault: z.boolean().default(false),
  /** The existing farm of the same name: an import adds the missing connections to it. */
  farm: nameSchema.optional(),
});
export type FarmCandidate = Readonly<z.infer<typeof farmCandidateSchema>>;

/** What was discovered, and notes about what was left out. */
export const discoverySchema = z.object({
  candidates: z.array(candidateSchema),
  farms: z.array(farmCandidateSchema),
  /** `path` is the file; `message` a sentence. */
  notes: z.array(z.object({ source: discoverySourceSchema, path: z.string(), message: z.string() })),
});
export type Discovery = Readonly<z.infer<typeof discoverySchema>>;

/** The result of an import. */
export const importReportSchema = z.object({
  /** The added connections: `name` is that of the candidate. */
  added: z.array(z.object({ name: nameSchema, connection: nameSchema })),
  /** The candidates whose engine already had a connection. */
  known: z.array(z.object({ name: nameSchema, connection: nameSchema })),
  farmsCreated: z.array(nameSchema),
  farmsChanged: z.array(nameSchema),
});
export type ImportReport = Readonly<z.infer<typeof importReportSchema>>;
