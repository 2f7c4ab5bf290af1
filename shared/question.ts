import { z } from 'zod';

/** Whether an answer can be saved: only if the system stores it encrypted. */
export const rememberOptionSchema = z.discriminatedUnion('possible', [
  z.object({ possible: z.literal(true) }),
  /** `reason` is a sentence for people. */
  z.object({ possible: z.literal(false), reason: z.string() }),
]);
export type RememberOption = Readonly<z.infer<typeof rememberOptionSchema>>;

/** The fields of every question. `hop` is the jump host that the question is about; missing for the node itself. */
const commonFields = { id: z.string(), connection: z.string(), hop: z.string().optional() };

/** A decision or a secret that only a person can give. A front end shows it and answers with `questions.answer`. */
export const questionSchema = z.discriminatedUnion('kind', [
  /** A host key that is in no known_hosts file. Answered with `trust`, `once` or `refuse`. */
  z.object({
    ...commonFields,
    kind: z.literal('host-key'),
    host: z.string(),
    port: z.number(),
    keyType: z.string(),
    /** `SHA256:` and base64, as ssh-keygen prints it. */
    fingerprint: z.string(),
    /** Sentences to read before deciding. */
    notes: z.array(z.string()).default([]),
  }),
  /** The passphrase of an encrypted key file. Answered with one secret, or `refuse`. */
  z.object({
    ...commonFields,
    kind: z.literal('passphrase'),
    /** The key file. */
    path: z.string(),
    /** A build is to sign with the key; then `connection` is its reference. Otherwise a sign-in is. */
    forBuild: z.literal(true).optional(),
    /** Whether the previous answer was wrong. */
    wasWrong: z.boolean(),
    remember: rememberOptionSchema,
  }),
  /** The value of a secret of a build, whose reference is `connection`. Answered with one secret, or `refuse`. */
  z.object({
    ...commonFields,
    kind: z.literal('secret'),
    /** The id of the secret. */
    secret: z.string(),
  }),
  /** The password of a user on a host. Answered with one secret, or `refuse`. */
  z.object({
    ...commonFields,
    kind: z.literal('password'),
    user: z.string(),
    host: z.string(),
    port: z.number(),
    wasWrong: z.boolean(),
    remember: rememberOptionSchema,
  }),
  /** The server's prompts in a keyboard-interactive sign-in. Answered with one secret for each prompt, or `refuse`. */
  z.object({
    ...commonFields,
    kind: z.literal('prompts'),
    user: z.string(),
    host: z.string(),
    port: z.number(),
    /** The name and the instruction that the server sends; often empty. */
    title: z.string(),
    instructions: z.string(),
    /** `echo`: the typed text may be shown. */
    prompts: z.array(z.object({ text: z.string(), echo: z.boolean() })).min(1),
    wasWrong: z.boolean(),
  }),
  /**
   * The SSH configuration connects to a host with a command on this computer. Answered with `trust`, `once` or
   * `refuse`.
   */
  z.object({
    ...commonFields,
    kind: z.literal('proxy-command'),
    /** The host's name in the SSH configuration. */
    host: z.string(),
    /** The expanded command, as the user's shell would run it. */
    command: z.string(),
    /** Where the SSH configuration sets it. */
    file: z.string(),
    line: z.number(),
  }),
]);
export type Question = z.infer<typeof questionSchema>;
export type QuestionOf<K extends Question['kind']> = Extract<Question, { kind: K }>;
/** A question before it has an id. */
export type NewQuestion = { [K in Question['kind']]: Omit<QuestionOf<K>, 'id'> }[Question['kind']];

/** What a question is about: the node of a connection, one of its jump hosts, or a build by its reference. */
export type QuestionSource = Pick<Question, 'connection' | 'hop'>;

/** The name of that host: `pi4`, or `pi4: jump host bastion`. */
export function questionSourceName({ connection, hop }: QuestionSource): string {
  return hop === undefined ? connection : `${connection}: jump host ${hop}`;
}

/** The type of a host key as ssh prints it: `ssh-ed25519` is ED25519, and every `ecdsa-sha2-…` is ECDSA. */
export function keyTypeLabel(keyType: string): string {
  return keyType
    .replace(/^ssh-/, '')
    .replace(/^ecdsa-sha2-.*/, 'ecdsa')
    .toUpperCase();
}

/**
 * `trust` saves a host key in known_hosts, or allows a command permanently. `once` is valid until Barnraiser is closed.
 * `refuse` cancels the sign-in. Secrets are in the order of the prompts.
 */
export const answerSchema = z.union([
  z.enum(['trust', 'once', 'refuse']),
  z.object({ secrets: z.array(z.string()).min(1), remember: z.boolean().default(false) }),
]);
export type Answer = z.output<typeof answerSchema>;

/** A saved secret, without its value. The value is encrypted by the system and never sent to a front end. */
export const rememberedSecretSchema = z.object({
  id: z.string(),
  kind: z.enum(['passphrase', 'password', 'registry']),
  /** The path of the key file, `user@host:port`, or `user@registry` with `<token>` as the user of an identity token. */
  subject: z.string(),
});
export type RememberedSecret = Readonly<z.infer<typeof rememberedSecretSchema>>;

/** A ProxyCommand that a person has allowed permanently for a host. */
export const allowedCommandSchema = z.object({
  /** The host's name in the SSH configuration. */
  host: z.string().min(1),
  /** The command as written in the SSH configuration, before tokens are expanded. */
  command: z.string().min(1),
});
export type AllowedCommand = Readonly<z.infer<typeof allowedCommandSchema>>;
