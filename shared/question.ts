import { z } from 'zod';

/** May what is answered be kept for the next time? Only where the system keeps it encrypted. */
export const rememberSchema = z.discriminatedUnion('possible', [
  z.object({ possible: z.literal(true) }),
  /** `reason` is a sentence for people. */
  z.object({ possible: z.literal(false), reason: z.string() }),
]);
export type Remember = Readonly<z.infer<typeof rememberSchema>>;

/** What all questions say: `connection` is the connection's name, or `NAME: jump host HOP`. */
const asked = { id: z.string(), connection: z.string() };

/**
 * A decision that only a person can take, or a secret that only a person knows. Whoever shows questions answers with
 * `questions.answer`.
 */
export const questionSchema = z.discriminatedUnion('kind', [
  /** A host key that no file knows. Answered with `trust`, `once` or `refuse`. */
  z.object({
    ...asked,
    kind: z.literal('host-key'),
    host: z.string(),
    port: z.number(),
    keyType: z.string(),
    /** `SHA256:` and base64, as ssh-keygen prints it. */
    fingerprint: z.string(),
    /** What else a person should know before deciding, as sentences. */
    notes: z.array(z.string()).default([]),
  }),
  /** The passphrase of an encrypted key file. Answered with one secret, or `refuse`. */
  z.object({
    ...asked,
    kind: z.literal('passphrase'),
    /** The key file. */
    path: z.string(),
    /** The one that was given before is wrong. */
    wasWrong: z.boolean(),
    remember: rememberSchema,
  }),
  /** The password of a user on a host. Answered with one secret, or `refuse`. */
  z.object({
    ...asked,
    kind: z.literal('password'),
    user: z.string(),
    host: z.string(),
    port: z.number(),
    wasWrong: z.boolean(),
    remember: rememberSchema,
  }),
  /** What a server wants to know in a keyboard-interactive sign-in. Answered with a secret a prompt, or `refuse`. */
  z.object({
    ...asked,
    kind: z.literal('prompts'),
    user: z.string(),
    host: z.string(),
    port: z.number(),
    /** What the server calls it, and what it says about it; often empty. */
    title: z.string(),
    instructions: z.string(),
    /** `echo`: what is typed may be seen. */
    prompts: z.array(z.object({ text: z.string(), echo: z.boolean() })).min(1),
    wasWrong: z.boolean(),
  }),
  /** The SSH configuration reaches a host by a command of this computer. Answered with `trust`, `once` or `refuse`. */
  z.object({
    ...asked,
    kind: z.literal('proxy-command'),
    /** As the configuration knows it. */
    host: z.string(),
    /** As it would be run, by the person's shell. */
    command: z.string(),
    /** Where the configuration says so. */
    file: z.string(),
    line: z.number(),
  }),
]);
export type Question = z.infer<typeof questionSchema>;
export type QuestionOf<K extends Question['kind']> = Extract<Question, { kind: K }>;
/** A question before it has an id. */
export type NewQuestion = { [K in Question['kind']]: Omit<QuestionOf<K>, 'id'> }[Question['kind']];

/**
 * `trust` saves a host key in known_hosts, and runs a command whenever the configuration says so; `once` holds until Barnraiser
 * is closed; `refuse` gives up, whatever was asked. Secrets are in the order of what was asked.
 */
export const answerSchema = z.union([
  z.enum(['trust', 'once', 'refuse']),
  z.object({ secrets: z.array(z.string()).min(1), remember: z.boolean().default(false) }),
]);
export type Answer = z.output<typeof answerSchema>;

/** Something that is remembered for a person, encrypted by the system. What it is never leaves the app. */
export const rememberedSchema = z.object({
  id: z.string(),
  kind: z.enum(['passphrase', 'password']),
  /** The path of the key file, or `user@host:port`. */
  subject: z.string(),
});
export type Remembered = Readonly<z.infer<typeof rememberedSchema>>;

/** A command that may be run whenever the SSH configuration reaches this very host by it. */
export const allowedCommandSchema = z.object({
  /** As the configuration knows it. */
  host: z.string().min(1),
  /** As the configuration has it, with its tokens. */
  command: z.string().min(1),
});
export type AllowedCommand = Readonly<z.infer<typeof allowedCommandSchema>>;
