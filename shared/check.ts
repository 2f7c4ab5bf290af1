import { z } from 'zod';
import { problemSchema } from './problem.ts';

/**
 * The stages of a connection check, in order. Over SSH, those from `name` to `sign-in` come once for each jump host and once for
 * the node. Each connection has those that lead to its engine, and then those from `engine` on.
 */
export const stageSchema = z.enum([
  /** The host's name resolves to an address. */
  'name',
  /** The port accepts a TCP connection. */
  'port',
  /** The engine shows a certificate that is trusted, or TLS is not used. */
  'tls',
  /** The engine accepts the client certificate. */
  'client-certificate',
  'host-key',
  'sign-in',
  /** The engine's socket exists and this user may use it, or podman can be started. */
  'socket',
  /** The docker or podman that runs BuildKit's container answers. */
  'container-engine',
  /** The container runs, and BuildKit in it answers. */
  'container',
  'kubectl',
  /** The pod runs, and BuildKit in it answers. */
  'pod',
  'engine',
  /** The platform that the node builds natively. */
  'platforms',
  /** The platforms that it builds under emulation: the kernel's binfmt handlers with flag F. */
  'emulation',
  /** Free space where the engine stores images. */
  'disk',
  /** Whether the socket is reached by stream-local forwarding or through a command. */
  'forwarding',
  /** A reverse port forward works, so only changed layers are transferred. */
  'reverse-forwarding',
]);
export type Stage = z.infer<typeof stageSchema>;

/** Those of a connection over SSH without jump hosts. */
export const sshStages: readonly Stage[] = [
  ...(['name', 'port', 'host-key', 'sign-in'] as const),
  ...(['socket', 'engine', 'platforms', 'emulation', 'disk'] as const),
  ...(['forwarding', 'reverse-forwarding'] as const),
];

/** The fixes that Barnraiser can apply itself when a person asks for it. */
export const fixIdSchema = z.enum([
  /** `systemctl [--user] enable --now podman.socket` */
  'enable-socket',
  /** `loginctl enable-linger`: the user's services keep running after logout. */
  'enable-linger',
  /** `systemctl [--user] restart podman.socket podman.service`, for a socket that nothing listens on. */
  'start-service',
  /** Registers the installed emulators with the kernel. */
  'load-binfmt',
  /** Removes dangling images and build cache. */
  'prune',
  /** Removes the socket path from the connection, so that the engine's socket is looked up or podman is started. */
  'find-engine',
]);
export type FixId = z.infer<typeof fixIdSchema>;

/** A suggested fix: a command to copy, and a fix id if Barnraiser can apply it. */
export const fixSchema = z.object({
  /** The text of its button: `Enable the socket`. */
  label: z.string(),
  /** The command that a person would type, on the machine that `where` names. Missing if there is none. */
  command: z.string().optional(),
  where: z.enum(['node', 'here']).default('node'),
  fix: fixIdSchema.optional(),
});
export type Fix = Readonly<z.infer<typeof fixSchema>>;

/**
 * `waiting`: not tried, because an earlier step runs or has failed. `warned`: it works, but not as well as it could.
 */
export const checkStepStateSchema = z.enum(['waiting', 'running', 'passed', 'warned', 'failed']);
export type CheckStepState = z.infer<typeof checkStepStateSchema>;

export const checkStepSchema = z.object({
  stage: stageSchema,
  /** The jump host that the step is about; missing for the node itself. */
  hop: z.string().optional(),
  state: checkStepStateSchema,
  /** Milliseconds. */
  tookMs: z.number().optional(),
  /** What was found, in a few words: `192.168.1.20`, `ED25519 SHA256:…, known`. */
  finding: z.string().optional(),
  /** Set if the step failed or warned. */
  problem: problemSchema.optional(),
  fixes: z.array(fixSchema).default([]),
});
export type CheckStep = Readonly<z.infer<typeof checkStepSchema>>;

/** A check of one connection. It passes if every step passed or warned. */
export const checkSchema = z.object({
  connection: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  status: z.enum(['running', 'passed', 'failed', 'cancelled']),
  /** Milliseconds; set when the check has ended. */
  tookMs: z.number().optional(),
  steps: z.array(checkStepSchema),
});
export type Check = Readonly<z.infer<typeof checkSchema>>;
