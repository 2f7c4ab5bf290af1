/** How long to wait before each further attempt, in milliseconds. */
const delaysMs = [100, 300, 900];

/**
 * Sends a request again if there was no response. Browsers drop requests that wait for a connection, also to this computer,
 * whenever a network interface appears or goes: a container starts, a VPN connects, a laptop changes its network.
 * @throws TypeError if there was no response to the last attempt either; the reason of `signal` if it is aborted
 */
export async function fetchAgain(path: string, init: RequestInit): Promise<Response> {
  for (const delayMs of delaysMs) {
    try {
      return await fetch(path, init);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
  return fetch(path, init);
}
