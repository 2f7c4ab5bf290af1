import { z } from 'zod';
import { nameSchema, uriSchema } from './connection.ts';

/** Where something that is no connection yet was found. `file`: a file that a person gave us. */
export const discoverySourceSchema = z.enum(['local', 'ssh-config', 'podman', 'containers-conf', 'docker', 'file']);
export type DiscoverySource = z.infer<typeof discoverySourceSchema>;

/** An engine that this computer knows of and that is no connection yet, or is one under the name `connection`. */
export const candidateSchema = z.object({
  source: discoverySourceSchema,
  /** What it is called where it was found, made fit for a name here. No two candidates have the same. */
  name: nameSchema,
  uri: uriSchema,
  identity: z.string().optional(),
  /** The connection that leads to the same engine already. */
  connection: nameSchema.optional(),
  /** What a person should know before adding it, as sentences: its identity file is not there, … */
  notes: z.array(z.string()).default([]),
});
export type Candidate = Readonly<z.infer<typeof candidateSchema>>;

/** A farm that another tool or a file knows of. `connections` are names of candidates. */
export const farmCandidateSchema = z.object({
  source: discoverySourceSchema,
  name: nameSchema,
  connections: z.array(nameSchema),
  isDefault: z.boolean().default(false),
  /** The farm of the same name that is here already: importing adds to it what it lacks. */
  farm: nameSchema.optional(),
});
export type FarmCandidate = Readonly<z.infer<typeof farmCandidateSchema>>;

/** What was found, and what was left out and why. */
export const discoverySchema = z.object({
  candidates: z.array(candidateSchema),
  farms: z.array(farmCandidateSchema),
  /** `path` is the file; `message` a sentence. */
  notes: z.array(z.object({ source: discoverySourceSchema, path: z.string(), message: z.string() })),
});
export type Discovery = Readonly<z.infer<typeof discoverySchema>>;

/** What an import has done. */
export const importReportSchema = z.object({
  /** Connections that were added: what each was called, and what it is called here. */
  added: z.array(z.object({ name: nameSchema, connection: nameSchema })),
  /** Those that were here already, under the name `connection`. */
  known: z.array(z.object({ name: nameSchema, connection: nameSchema })),
  farmsCreated: z.array(nameSchema),
  farmsChanged: z.array(nameSchema),
});
export type ImportReport = Readonly<z.infer<typeof importReportSchema>>;
