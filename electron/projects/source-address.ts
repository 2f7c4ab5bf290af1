/** Hosts whose repositories have a page at the same path over https. */
const publicHosts: ReadonlySet<string> = new Set([
  'github.com',
  'gitlab.com',
  'bitbucket.org',
  'codeberg.org',
  'git.sr.ht',
]);

const maxLength = 2048;

/**
 * The address of a repository as an image may name it, from the address of a git remote: without user, password, query and
 * fragment. A repository of a well-known host gets its https address, by which registries know it. Undefined for what only this
 * computer can reach, such as a folder.
 */
export function sourceAddress(remote: string): string | undefined {
  const text = remote.trim();
  if (text.length > maxLength || !/^[\x21-\x7e]+$/.test(text)) {
    return undefined;
  }
  // `host:path`, as ssh knows it; a path or a letter of a drive has no host before the colon
  const [, host, path] = /^(?:[^@/:]*@)?([\w.-]{2,}):(?![/\\]{2}|:)\/?(.+)$/.exec(text) ?? [];
  const url = host === undefined ? text : `ssh://${host}/${path}`;
  if (!/^(https?|ssh|git|git\+ssh):\/\//i.test(url) || !URL.canParse(url)) {
    return undefined;
  }
  const { protocol, hostname, port, pathname } = new URL(url);
  if (hostname === '') {
    return undefined;
  }
  const isPublic = publicHosts.has(hostname.toLowerCase());
  const scheme = isPublic ? 'https:' : protocol.replace('git+ssh:', 'ssh:');
  const authority = isPublic || port === '' ? hostname : `${hostname}:${port}`;
  const shown = isPublic ? pathname.replace(/\/+$/, '').replace(/\.git$/, '') : pathname;
  // builders would replace a $ in a label
  return `${scheme}//${authority}${shown.replaceAll('$', '%24')}`;
}
