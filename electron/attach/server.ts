import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { FrontEnd } from '../../shared/app-info.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { fail, type Result } from '../../shared/problem.ts';
import { type Question, questionSchema } from '../../shared/question.ts';
import { type AppApi, isCallName } from '../page/app-api.ts';
import { FrontEndSession } from '../page/front-end-session.ts';
import { version } from '../system/version.ts';
import { listenInDataFolder } from './address.ts';
import { hashEnvironment } from './environment.ts';
import {
  maxBacklogBytes,
  maxRequestChars,
  parseLine,
  type Request,
  type Response,
  readLines,
  requestSchema,
  send,
} from './protocol.ts';

export interface AttachServer {
  /** Disconnects all terminals, which end with a problem. */
  close(): Promise<void>;
}

export interface AttachServerOptions {
  /** The data folder. */
  readonly home: string;
  readonly frontEnd: FrontEnd;
}

/**
 * Lets the terminal front ends of this user use the app of a data folder.
 * @returns undefined if another app of the data folder already does
 * @throws Failure `app.socket`
 */
export async function acceptTerminals(
  app: AppApi,
  { home, frontEnd }: AttachServerOptions,
): Promise<AttachServer | undefined> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const salt = randomBytes(16).toString('base64url');
    send(socket, { type: 'hello', version, frontEnd, salt, environment: hashEnvironment(salt) });
    serve(app, socket);
  });
  const remove = await listenInDataFolder(server, home);
  return (
    remove && {
      close: async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        for (const socket of sockets) {
          socket.destroy();
        }
        await closed;
        await remove();
      },
    }
  );
}

function serve(app: AppApi, socket: Socket): void {
  const questions = new QuestionFilter(app, (event, seq) => respond({ type: 'event', seq, event }));
  const session = new FrontEndSession(app, (connection) => questions.addConnection(connection));
  socket.once('close', () => session.close());

  function respond(response: Response): void {
    if (socket.writableLength > maxBacklogBytes) {
      socket.destroy();
    } else if (!socket.destroyed) {
      send(socket, response);
    }
  }

  async function handle(request: Request): Promise<void> {
    switch (request.type) {
      case 'subscribe':
        session.subscribe((event, seq) => {
          if (questions.accepts(event)) {
            respond({ type: 'event', seq, event });
          }
        });
        return;
      case 'cancel':
        session.cancel(request.id);
        return;
      case 'call': {
        const { id, name, input } = request;
        respond({
          type: 'result',
          id,
          result: isCallName(name) ? await session.call(id, name, input) : unknownCall(name),
        });
      }
    }
  }

  readLines(socket, maxRequestChars, {
    onLine: (line) => {
      const request = parseLine(requestSchema, line);
      if (request) {
        void handle(request);
      } else {
        socket.destroy();
      }
    },
    onTooLong: () => socket.destroy(),
  });
}

function unknownCall(name: string): Result<never> {
  return { ok: false, problem: fail('input.invalid', `There is no call "${name}".`, 'Update Barnraiser.').problem };
}

/**
 * Chooses the questions for a terminal: those about connections that its own calls and builds need. A question that was open
 * before is passed on when the terminal begins to wait for its answer, too.
 */
class QuestionFilter {
  readonly #app: AppApi;
  readonly #send: (event: AppEvent, seq: number) => void;
  readonly #connections = new Set<string>();
  readonly #sent = new Set<string>();

  constructor(app: AppApi, send: (event: AppEvent, seq: number) => void) {
    this.#app = app;
    this.#send = send;
  }

  accepts(event: AppEvent): boolean {
    return event.event !== 'question.asked' || this.#accept(event.question);
  }

  addConnection(name: string): void {
    if (!this.#connections.has(name)) {
      this.#connections.add(name);
      void this.#sendOpen();
    }
  }

  #accept({ id, connection }: Question): boolean {
    if (!this.#connections.has(connection) || this.#sent.has(id)) {
      return false;
    }
    this.#sent.add(id);
    return true;
  }

  async #sendOpen(): Promise<void> {
    const result = await this.#app.call('questions.list', {});
    const { data: open = [] } = questionSchema.array().safeParse(result.ok ? result.value : []);
    for (const question of open.filter((each) => this.#accept(each))) {
      this.#send({ event: 'question.asked', question }, result.ok ? (result.seq ?? 0) : 0);
    }
  }
}
