/**
 * Runs the app, signs in with secrets, builds, and takes a heap snapshot while the connections to the nodes are open. Writes all
 * events to a file.
 *
 *     node --import tsx build-and-snapshot.ts REQUEST
 *
 * REQUEST is a JSON file with a {@link SecretsRequest}. This program reads secrets from files only to answer a question and keeps
 * none in a variable, so that a secret in the snapshot is one that the app holds.
 */
import { createWriteStream, readFileSync } from 'node:fs';
import { writeHeapSnapshot } from 'node:v8';
import { z } from 'zod';
import { createApp } from '../../electron/app.ts';
import type { CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import { Failure } from '../../shared/problem.ts';
import type { Question } from '../../shared/question.ts';

export const requestSchema = z.object({
  connections: z.array(z.object({ name: z.string(), uri: z.string(), identity: z.string().optional() })),
  /** The file with the secret for each kind of question. */
  secretFiles: z.object({ passphrase: z.string(), password: z.string(), prompts: z.string() }),
  context: z.string(),
  reference: z.string(),
  eventsFile: z.string(),
  snapshotFile: z.string(),
});
export type SecretsRequest = z.infer<typeof requestSchema>;

const [, , requestFile = ''] = process.argv;
const request = requestSchema.parse(JSON.parse(readFileSync(requestFile, 'utf8')));
const app = await createApp({ frontEnd: 'browser' });
const events = createWriteStream(request.eventsFile);
const finished = new Promise<string>((resolve) => {
  app.subscribe((event) => {
    events.write(`${JSON.stringify(event)}\n`);
    if (event.event === 'question.asked') {
      void answer(event.question);
    }
    if (event.event === 'build.finished') {
      resolve(event.build.status);
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
  if (kind === 'proxy-command') {
    throw new Error('No node in this run is reached through a proxy command.');
  }
  const secret = readFileSync(request.secretFiles[kind], 'utf8');
  await call('questions.answer', { id, answer: { secrets: [secret] } });
}

for (const connection of request.connections) {
  await call('connections.add', connection);
}
const names = request.connections.map(({ name }) => name);
await call('farms.create', { name: 'secret', connections: names, makeDefault: true });
await call('builds.start', { reference: request.reference, context: request.context, platforms: ['linux/amd64'] });
const status = await finished;
const nodes = await call('nodes.list', {});
writeHeapSnapshot(request.snapshotFile);
const builds = await call('builds.list', {});
await app.close();
await new Promise((resolve) => events.end(resolve));
console.log(JSON.stringify({ status, nodes, builds }));
