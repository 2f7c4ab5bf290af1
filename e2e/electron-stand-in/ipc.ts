type Handler = (event: { sender: unknown; senderFrame: unknown }, ...args: unknown[]) => unknown;
const handlers = new Map<string, Handler>();

export const ipcMain = {
  handle(channel: string, handler: Handler): void {
    if (handlers.has(channel)) {
      throw new Error(`Attempted to register a second handler for '${channel}'`);
    }
    handlers.set(channel, handler);
  },
};

/** Calls the handler of a channel for a frame of a page. @throws Error if the channel has no handler */
export async function invoke(
  channel: string,
  args: readonly unknown[],
  sender: unknown,
  senderFrame: unknown,
): Promise<unknown> {
  const handler = handlers.get(channel);
  if (!handler) {
    throw new Error(`No handler registered for '${channel}'`);
  }
  return handler({ sender, senderFrame }, ...args);
}
