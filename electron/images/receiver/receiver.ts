/** Our registry that nodes push images into. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ImageStore } from '../image-store.ts';
import { type Admission, type AdmitOptions, OpenAdmission } from './admission.ts';
import { sendError } from './http.ts';
import { type Offer, type OfferOptions, OpenOffer } from './offer.ts';
import { ReceiverError, receiverErrorOf } from './receiver-error.ts';
import { handleRequest } from './routes.ts';

/** A connection without traffic for this long is closed. A slow node may compress a large layer between two pieces. */
const idleTimeoutMs = 10 * 60_000;

/**
 * A registry over the image store. Its HTTP server does not listen: reverse port forwards emit their streams to it as
 * `connection` events. Every request needs the credentials of an open admission.
 */
export interface Receiver {
  readonly server: Server;
  /** Allows a node to push one image until the admission is closed. */
  admit(options: AdmitOptions): Admission;
  /** Allows a node to read images until the offer is closed. */
  offer(images: readonly OfferOptions[]): Offer;
  /** Ends all admissions and connections. */
  close(): Promise<void>;
}

export function createReceiver(store: ImageStore): Receiver {
  /** By user name. */
  const admissions = new Map<string, OpenAdmission>();
  const offers = new Map<string, OpenOffer>();
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  // an upload may take any time, so only the idle timeout applies
  server.requestTimeout = 0;
  server.timeout = idleTimeoutMs;
  server.keepAliveTimeout = idleTimeoutMs;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let authenticated: OpenAdmission | undefined;
    try {
      const admission = authenticate(request);
      if (admission instanceof OpenOffer) {
        await admission.serve(store.blobs, request, response);
        return;
      }
      const offer = offers.get(admission.offer?.username ?? '');
      if (offer?.covers(request)) {
        await offer.serve(store.blobs, request, response);
        return;
      }
      authenticated = admission;
      await admission.track(request, () => handleRequest(admission, store.blobs, request, response));
    } catch (error) {
      authenticated?.handleError(error);
      sendError(request, response, receiverErrorOf(error));
    }
  }

  function authenticate(request: IncomingMessage): OpenAdmission | OpenOffer {
    const [scheme, encoded = ''] = (request.headers.authorization ?? '').split(' ');
    const credentials = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = credentials.indexOf(':');
    const username = credentials.slice(0, Math.max(0, colon));
    const admission = admissions.get(username) ?? offers.get(username);
    if (scheme?.toLowerCase() !== 'basic' || !admission?.matches(credentials.slice(colon + 1))) {
      throw new ReceiverError(401, 'UNAUTHORIZED', 'the credentials of a running build are required', {
        'WWW-Authenticate': 'Basic realm="Barnraiser", charset="UTF-8"',
      });
    }
    return admission;
  }

  return {
    server,
    admit(options) {
      const admission = new OpenAdmission(options, (ended) => admissions.delete(ended.username));
      if (!options.signal.aborted) {
        admissions.set(admission.username, admission);
      }
      return admission;
    },
    offer(images) {
      const offer = new OpenOffer(images, (ended) => offers.delete(ended.username));
      offers.set(offer.username, offer);
      return offer;
    },
    async close() {
      await Promise.all([...admissions.values()].map((admission) => admission.close()));
      server.close();
      server.closeAllConnections();
    },
  };
}
