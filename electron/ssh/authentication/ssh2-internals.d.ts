/** An undocumented part of ssh2, see `sign-in-requests.ts`. */
declare module 'ssh2/lib/protocol/utils.js' {
  const utils: {
    /** Sends a packet, or queues it during a key exchange. */
    sendPacket(protocol: object, packet: Buffer): boolean;
  };
  export default utils;
}
