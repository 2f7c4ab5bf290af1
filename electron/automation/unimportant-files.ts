/**
 * Files that a build may send, but that no person means to change: those that editors keep beside a file that is open, and what git
 * writes when it only looks. Their changes start no build.
 */
const editorFiles =
  /^(?:.*~|\.#.*|#.*#|4913|\..+\.sw[a-z]|.*___jb_(?:tmp|old)___|\.goutputstream-.*|.*\.kate-swp|\.nfs[0-9a-f]+|\.DS_Store)$/;

/** What of `.git` says which commit is checked out. */
const checkedOut = /^(?:HEAD|refs(?:\/(?:heads|tags)(?:\/.*)?)?)$/;

const insideGit = /(?:^|\/)\.git\/(.+)$/;

/** @param path with forward slashes */
export function isUnimportant(path: string): boolean {
  const inGit = insideGit.exec(path)?.[1];
  return inGit === undefined
    ? editorFiles.test(path.slice(path.lastIndexOf('/') + 1))
    : !checkedOut.test(inGit) || inGit.endsWith('.lock');
}
