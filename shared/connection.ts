import { z } from 'zod';
import { type Destination, parseDestination } from './destination.ts';
import { defaultPreferences, maxSlots, type NodePreferences, nodePreferencesSchema } from './node-preferences.ts';
import { platformSchema } from './platform.ts';
import { fail } from './problem.ts';

export {
  type ContainerDestination,
  type Destination,
  type EngineHost,
  isLoopback,
  type PodDestination,
  parseDestination,
  socketPathOf,
} from './destination.ts';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

export const invalidName =
  'A name has 1 to 63 letters, digits, dots, dashes or underscores, and starts with a letter or digit.';

export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** Names of connections and farms: usable in file names, command lines and labels without quoting. */
export const nameSchema = z.string().refine(isName, invalidName);

/** The first name that a list contains more than once. */
export function firstDuplicate(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}

export const uriSchema = z.string().superRefine((uri, context) => {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    context.addIssue({ code: 'custom', message: destination });
  }
});

/**
 * What a connection may have besides its name and URI. Paths are those of files on this computer; none of them is copied.
 */
export const connectionOptionsSchema = z.object({
  /** A private key for SSH. Without it, the agent and the default keys are tried. */
  identity: z.string().optional(),
  /** The certificate authority of the server. A `tcp://` connection with one of the four TLS options uses TLS. */
  tlsCa: z.string().optional(),
  /** The client certificate, and its private key. */
  tlsCert: z.string().optional(),
  tlsKey: z.string().optional(),
  /** The name that the certificate of the server has, where it is not the host of the URI. */
  tlsServerName: z.string().optional(),
  /** Whether a `tcp://` connection to another machine may go without TLS. */
  allowUnencrypted: z.boolean().optional(),
  /** The only platforms that are built there. Without it: all that the node can build. */
  platforms: z.array(platformSchema).optional(),
  ...nodePreferencesSchema.shape,
  /** A change has 0 for the number of the settings. */
  slots: z.number().int().min(0).max(maxSlots).optional(),
});

export type ConnectionOptions = Readonly<z.infer<typeof connectionOptionsSchema>>;

/** The options as they are when they are not set. Written out, because the page has no schemas. */
const emptyOptions: Required<ConnectionOptions> = {
  identity: '',
  tlsCa: '',
  tlsCert: '',
  tlsKey: '',
  tlsServerName: '',
  allowUnencrypted: false,
  platforms: [],
  ...defaultPreferences,
};
const optionNames = Object.keys(emptyOptions).filter(isOptionName);

function isOptionName(name: string): name is keyof ConnectionOptions {
  return name in emptyOptions;
}

/** The options of a connection, a draft or a candidate, without those that are not set: an empty text or list, false, or a preference that is the default. */
export function optionsOf(source: ConnectionOptions): ConnectionOptions {
  const isSet = (name: keyof ConnectionOptions): boolean => {
    const value = source[name];
    return value !== undefined && (Array.isArray(value) ? value.length > 0 : value !== emptyOptions[name]);
  };
  return Object.fromEntries(optionNames.flatMap((name) => (isSet(name) ? [[name, source[name]]] : [])));
}

/** The options after a change, whose missing options stay as they are. */
export function changeOptions(before: ConnectionOptions, change: ConnectionOptions): ConnectionOptions {
  return optionsOf(Object.fromEntries(optionNames.map((name) => [name, change[name] ?? before[name]])));
}

/** The options that differ, as a change: an option that is no longer set is empty. */
export function changedOptions(before: ConnectionOptions, after: ConnectionOptions): ConnectionOptions {
  const [old, now] = [optionsOf(before), optionsOf(after)];
  return Object.fromEntries(
    optionNames
      .filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
      .map((name) => [name, now[name] ?? emptyOptions[name]]),
  );
}

/** What a connection says of the jobs that its node gets: which platforms, and what the node is preferred for. */
export function jobOptionsOf({ platforms, priority, weight, slots, emulation }: ConnectionOptions): {
  allowedPlatforms?: NonNullable<ConnectionOptions['platforms']>;
  preferences?: NodePreferences;
} {
  const { platforms: allowedPlatforms, ...preferences } = optionsOf({ platforms, priority, weight, slots, emulation });
  return {
    ...(allowedPlatforms ? { allowedPlatforms } : {}),
    ...(Object.keys(preferences).length > 0 ? { preferences } : {}),
  };
}

/** Whether two connections lead to the same engine in the same way. What is built there does not matter. */
export function leadsToSame(one: Omit<Connection, 'name'>, other: Omit<Connection, 'name'>): boolean {
  const anyJobs = { platforms: [], ...defaultPreferences };
  const differences = changedOptions({ ...one, ...anyJobs }, { ...other, ...anyJobs });
  return one.uri === other.uri && Object.keys(differences).length === 0;
}

/** Whether a `tcp://` connection uses TLS. */
export function usesTls({ tlsCa, tlsCert, tlsKey, tlsServerName }: ConnectionOptions): boolean {
  return Boolean(tlsCa || tlsCert || tlsKey || tlsServerName);
}

/** A connection as it is stored. */
export const connectionSchema = connectionOptionsSchema.extend({ name: nameSchema, uri: uriSchema });

export type Connection = Readonly<z.infer<typeof connectionSchema>>;

/**
 * The destination of a connection.
 * @throws Failure `connection.uri` for a URI that is not valid, such as one edited by hand
 */
export function destinationOf({ name, uri }: Pick<Connection, 'name' | 'uri'>): Destination {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    throw fail(
      'connection.uri',
      `Connection ${name}: ${destination}`,
      'Remove the connection, then add it again with a valid URI.',
    );
  }
  return destination;
}
