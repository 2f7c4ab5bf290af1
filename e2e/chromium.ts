/** Chromium for the specs, the screenshots and the demo. Run as a program, it installs Chromium if needed and prints its path. */
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { findBrowser } from '../electron/browser/find-browser.ts';
import { ensureInstalled } from './lab/packages.ts';

/** Chromium's sandbox does not work for root, and no background service may use the network. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of a Chromium. Installs Debian's Chromium and fonts if there is none. @throws Error if it cannot be installed */
export async function ensureChromium(): Promise<string> {
  const existing = await findBrowser();
  if (existing !== undefined) {
    return existing;
  }
  await ensureInstalled(['chromium', 'fonts-inter', 'fonts-jetbrains-mono', 'fonts-noto-color-emoji']);
  const installed = await findBrowser();
  if (installed === undefined) {
    throw new Error('Chromium was installed but cannot be found. Install Chromium manually, then try again.');
  }
  return installed;
}

export async function launchChromium(extraFlags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureChromium(), args: [...chromiumFlags, ...extraFlags] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureChromium().then(console.log);
}
