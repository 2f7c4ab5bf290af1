import { z } from 'zod';
import { problemSchema } from './problem.ts';

/**
 * What has to go well between here and a build, in this order. For a host behind jump hosts the first four come once for each
 * of them. An engine on this computer has only those from `socket` on, and neither `forwarding` nor `return`.
 */
export const stageSchema = z.enum([
  /** The name of the host has an address. */
  'name',
  /** The port accepts a TCP connection. */
  'port',
  'host-key',
  'sign-in',
  /** The engine's socket is there and ours to use, or the engine can be started by its command. */
  'socket',
  'engine',
  /** What it builds natively. */
  'platforms',
  /** What it builds under emulation: handlers of the kernel with the F flag. */
  'emulation',
  /** Space where images are stored. */
  'disk',
  /** The socket is reached by stream-local forwarding, or through a command. */
  'forwarding',
  /** A port of the node leads back here, so that only changed layers travel. */
  'return',
]);
export type Stage = z.infer<typeof stageSchema>;

/** What Barnraiser can do on a node by itself, when a person says so. */
export const fixIdSchema = z.enum([
  /** `systemctl [--user] enable --now podman.socket` */
  'enable-socket',
  /** `loginctl enable-linger`: a user's services live without a login. */
  'enable-linger',
  /** `systemctl [--user] restart podman.socket podman.service`: the socket is there and nobody listens. */
  'start-service',
  /** Registers the emulators that are installed with the kernel. */
  'load-binfmt',
  /** Removes dangling images and build caches. */
  'prune',
  /** Takes the socket's path out of the connection, so that the engine is looked for or started. */
  'find-engine',
]);
export type FixId = z.infer<typeof fixIdSchema>;

/** A way out: a command to copy, and where it is safe, a fix that does it. */
export const fixSchema = z.object({
  /** What it does, as a button says it: `Enable the socket`. */
  label: z.string(),
  /** What a person would type on the node, or here where `where` says so; missing where there is nothing to type. */
  command: z.string().optional(),
  where: z.enum(['node', 'here']).default('node'),
  fix: fixIdSchema.optional(),
});
export type Fix = Readonly<z.infer<typeof fixSchema>>;

/** `waiting`: not tried yet, or never since an earlier one failed. `warned`: it works, and could work better. */
export const checkStepStateSchema = z.enum(['waiting', 'running', 'passed', 'warned', 'failed']);
export type CheckStepState = z.infer<typeof checkStepStateSchema>;

export const checkStepSchema = z.object({
  stage: stageSchema,
  /** The jump host that the rung is about; missing for the node itself. */
  hop: z.string().optional(),
  state: checkStepStateSchema,
  /** Milliseconds. */
  tookMs: z.number().optional(),
  /** What was found, in a few words: `192.168.1.20`, `ED25519 SHA256:…, known`. */
  said: z.string().optional(),
  /** What is wrong; there when it failed or warned. */
  problem: problemSchema.optional(),
  fixes: z.array(fixSchema).default([]),
});
export type CheckStep = Readonly<z.infer<typeof checkStepSchema>>;

/** A check of one connection, stage by stage. It passes when every stage passed or warned. */
export const checkSchema = z.object({
  connection: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  status: z.enum(['running', 'passed', 'failed', 'cancelled']),
  /** Milliseconds; there when it is over. */
  tookMs: z.number().optional(),
  steps: z.array(checkStepSchema),
});
export type Check = Readonly<z.infer<typeof checkSchema>>;
