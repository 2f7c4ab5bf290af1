/** The real browser engine that the specs, the pictures and the demo look at the app with: Debian's Chromium. */
import { fileURLToPath } from 'node:url';
import { findBrowser } from '../electron/browser/window.ts';
import { ensureInstalled } from './lab/packages.ts';

/** The path of a Chromium, installed with its fonts where this machine has none. */
export async function ensureBrowser(): Promise<string> {
  const there = await findBrowser();
  if (there !== undefined) {
    return there;
  }
  await ensureInstalled(['chromium', 'fonts-inter', 'fonts-jetbrains-mono', 'fonts-noto-color-emoji']);
  const installed = await findBrowser();
  if (installed === undefined) {
    throw new Error('Chromium was installed and is not there. Install a Chromium by hand and run this again.');
  }
  return installed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await ensureBrowser());
}
