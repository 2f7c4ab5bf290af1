/**
 * Runs the app, signs in with secrets, builds, and takes a heap snapshot while the connections to the nodes are open. Writes all
 * events to a file.
 *
 *     node --import tsx build-and-snapshot.ts REQUEST
 *
 * REQUEST is a JSON file with a {@link SecretsRequest}. This program reads secrets from files only to answer a question or to start
 * a build and keeps none in a variable, so that a secret in the snapshot is one that the app holds.
 */
import { createWriteStream, readFileSync } from 'node:fs';
import { writeHeapSnapshot } from 'node:v8';
import { z } from 'zod';
import { createApp } from '../../electron/app.ts';
import { secretsSchema } from '../../shared/build-secrets.ts';
import type { CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import { Failure } from '../../shared/problem.ts';
import type { Question } from '../../shared/question.ts';

export const requestSchema = z.object({
  connections: z.array(z.object({ name: z.string(), uri: z.string(), identity: z.string().optional() })),
  /** The file with the secret for each kind of question. */
  secretFiles: z.object({ passphrase: z.string(), password: z.string(), prompts: z.string() }).partial(),
  context: z.string(),
  /** They run at once. Without connections, on all of them. */
  builds: z.array(z.object({ reference: z.string(), connections: z.array(z.string()).optional() })),
  secrets: secretsSchema.optional(),
  /** The file with the value for each secret that is not a file. */
  valueFiles: z.record(z.string(), z.string()).default({}),
  eventsFile: z.string(),
  snapshotFile: z.string(),
});
export type SecretsRequest = z.input<typeof requestSchema>;

const [, , requestFile = ''] = process.argv;
const request = requestSchema.parse(JSON.parse(readFileSync(requestFile, 'utf8')));
const app = await createApp({ frontEnd: 'browser' });
const events = createWriteStream(request.eventsFile);
const statuses: Record<string, string> = {};
const finished = new Promise<void>((resolve) => {
  app.subscribe((event) => {
    events.write(`${JSON.stringify(event)}\n`);
    if (event.event === 'question.asked') {
      void answer(event.question);
    }
    if (event.event === 'build.finished') {
      statuses[event.build.reference] = event.build.status;
      if (Object.keys(statuses).length === request.builds.length) {
        resolve();
      }
    }
  });
});

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await app.call(name, input);
  if (!result.ok) {
    throw new Failure(result.problem);
  }
  return result.value;
}

async function answer(question: Question): Promise<void> {
  const { id, kind } = question;
  if (kind === 'host-key') {
    await call('questions.answer', { id, answer: 'trust' });
    return;
  }
  const file = kind === 'proxy-command' || kind === 'secret' ? undefined : request.secretFiles[kind];
  if (file === undefined) {
    throw new Error(`This run has no answer to a question about a ${kind}.`);
  }
  await call('questions.answer', { id, answer: { secrets: [readFileSync(file, 'utf8')] } });
}

function readValues(): Record<string, string> {
  return Object.fromEntries(Object.entries(request.valueFiles).map(([id, file]) => [id, readFileSync(file, 'utf8')]));
}

for (const connection of request.connections) {
  await call('connections.add', connection);
}
const names = request.connections.map(({ name }) => name);
await call('farms.create', { name: 'secret', connections: names, makeDefault: true });
const { context, secrets } = request;
for (const build of request.builds) {
  await call('builds.start', {
    ...{ ...build, context, platforms: ['linux/amd64'] },
    ...(secrets ? { secrets, secretValues: readValues() } : {}),
  });
}
await finished;
const nodes = await call('nodes.list', {});
writeHeapSnapshot(request.snapshotFile);
const builds = await call('builds.list', {});
await app.close();
await new Promise((resolve) => events.end(resolve));
console.log(JSON.stringify({ statuses, nodes, builds }));
