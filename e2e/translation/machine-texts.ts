/** Texts of the sources that only look like those for people: names, formats, commands and protocols. They are not translated. */

/** Names, wherever they are. */
const names =
  /^(Barnraiser|Containerfile|Dockerfile|Docker|GitHub Actions|GitLab CI|Mermaid|Bearer|Upgrade|HTTP \{0\}|Warning: \{0\}(\{1\})?|api:nightly|https:\/\/)$/;

/** What in a line of a shell starts a command. */
const command =
  /^(\{0\})?(sudo |systemctl|podman|docker|buildctl|kubectl|loginctl|enable|restart|start|service|openssl|rpm-ostree|dnf|apt-get|apk|zypper|pacman|skopeo|usermod|df |command |echo |printf |exec |unset )/;

/** By the file, or the folder of files. */
const table: Readonly<Record<string, RegExp | 'all'>> = {
  'electron/attestations/packages/debian-copyright.ts': 'all',
  'electron/attestations/packages/go-build-info.ts': 'all',
  'electron/attestations/packages/package-files.ts': /^Packages$/,
  'electron/attestations/packages/python.ts': 'all',
  'electron/attestations/packages/rpm-ndb.ts': 'all',
  'electron/attestations/packages/rpm.ts': 'all',
  'electron/attestations/packages/sqlite-table.ts': 'all',
  'electron/attestations/sbom/spdx.ts': 'all',
  'electron/attestations/signing/dsse.ts': 'all',
  'electron/attestations/signing/keys.ts': /^([A-Z]+ )+KEY$|^(ECDSA P-256|RSA \{0\})$/,
  'electron/attestations/signing/simple-signing.ts': 'all',
  'electron/automation/project-snapshot.ts': 'all',
  'electron/automation/project-watcher.ts': /^Ceph$|^\(fs\./,
  'electron/browser/static-files.ts': 'all',
  'electron/builds/attempt-tracker.ts': /^STEP /,
  'electron/builds/old-steps.ts': /^stage \{0\}$/,
  'electron/builds/equivalent/ci-jobs.ts': /^(?!The job|Add |Runners |\{0\}: the value)/,
  'electron/builds/equivalent/commands.ts': /^(podman|docker buildx) (build|manifest push|push|farm build)$/,
  'electron/builds/equivalent/output-words.ts': /^podman (manifest )?push\b/,
  'electron/builds/provenance.ts': 'all',
  'electron/comparison/compare-config.ts': 'all',
  'electron/connections/check/engine-steps.ts': command,
  'electron/connections/check/fix-commands.ts': command,
  'electron/connections/check/forwarding-steps.ts': command,
  'electron/connections/check/suggested-fixes.ts': command,
  'electron/connections/container-host.ts': /^docker context/,
  'electron/connections/import/buildx-builders.ts': /^(Name|Nodes|Driver|Endpoint|Platforms)$/,
  'electron/connections/import/docker-contexts.ts': /^(Name|Endpoints|Host)$/,
  'electron/connections/import/podman-connections.ts': /^(Connections|List|Default)$/,
  'electron/context/packing.ts': /^context 1$/,
  'electron/engines/binfmt.ts': 'all',
  'electron/engines/api/engine-api.ts': /^`[^`]*`( and `|$)/,
  'electron/engines/buildkit/build-output.ts': /^group /,
  'electron/engines/buildkit/named-contexts.ts': /^additional /,
  'electron/engines/containerfile-steps.ts': /^stage \{0\}$/,
  'electron/engines/docker/buildkit-stream.ts': /^[\w-]+: /,
  'electron/engines/docker/classic/build-output.ts': /^(Removing|Error removing) intermediate/,
  'electron/engines/machine-facts.ts': command,
  'electron/engines/podman/context-cache-program.ts': 'all',
  'electron/engines/podman/context-cache.ts': /^[a-z]+ \{\d\}|^[\w-]+: /,
  'electron/engines/podman/stop-build.ts': /^\^Max/,
  'electron/engines/problem-causes.ts': /^(killed, exit status 137)$/,
  'electron/engines/processor.ts': 'all',
  'electron/engines/transport/engine-socket.ts': command,
  'electron/engines/transport/local-transport.ts': command,
  'electron/images/docker-archive.ts': /^(Healthcheck|Shell)$/,
  'electron/images/export-dir.ts': 'all',
  'electron/images/image-details.ts': /^[A-Z][a-z]+$/,
  'electron/images/receiver/': /^[a-z{]/,
  'electron/nodes/nodes.ts': /^(farm update|connection add) /,
  'electron/page/headers.ts': 'all',
  'electron/recipes/hcl/functions.ts': /^(bcrypt |input\.replace)/,
  'electron/registry/credential-helper.ts': /^(Secret|Username|ServerURL)$/,
  'electron/scheduling/schedule.ts': /^(connection|machine) \{0\}$/,
  'electron/sources/git.ts': /BatchMode/,
  'electron/ssh/authentication/single-key-agent.ts': 'all',
  'electron/ssh/bound-command.ts': 'all',
  'electron/ssh/command-stream.ts': command,
  'electron/ssh/connect-attempt.ts': /^change password$/,
  'electron/ssh/reverse-port-forwards.ts': /^tcp connection$/,
  'electron/ssh/shell-line.ts': 'all',
  'electron/ssh/ssh-config/keywords.ts': 'all',
  'electron/ssh/ssh-config/print-options.ts': 'all',
  'electron/system/data-folder.ts': /^(Library|Application Support|Local|Data)$/,
  'electron/terminal/commands/options.ts': /^barnraiser \{0\}$/,
  'electron/terminal/output/check-report.ts': /^(12345 ms|\{0\} ms)$/,
  'electron/terminal/output/grid-frame.ts': /^99\.9 MB$/,
  'electron/terminal/output/step-graph.ts': 'all',
  'electron/terminal/actions/sample.ts': /^(pkg )?build -/,
  'renderer/parts/Kbd.tsx': /^(Mod|Shift|Alt|Enter|Esc|Escape|Delete|Del|Backspace|Ctrl|Arrow(Left|Right|Up|Down))$/,
  'renderer/parts/shortcut-table.ts': /^(Escape|Enter|Home|End|Space|Delete)$|display-mode/,
  'renderer/stores/navigation.ts': /^log /,
  'renderer/stores/notifications.ts': /^[a-z]+ \{0\}$/,
  'renderer/views/build-detail/StepGraph.tsx': /calc\(|gradient/,
  'renderer/views/build-detail/manual-commands.ts': command,
  'renderer/views/builds/rows.ts': /^(project|more) \{0\}$/,
  'renderer/views/builds/BuildsView.tsx': /^older \{0\}$/,
  'renderer/views/push/PushSheet.tsx': /^button, input/,
  'renderer/views/push/PushProgress.tsx': command,
  'shared/emulation.ts': /^(echo |\{0\}\{1\} run |386 amd64)/,
  'shared/failure.ts': /^Failure$/,
  'shared/packages.ts': /^[A-Z][a-z]+$/,
  'shared/platform.ts': /^(a[a-z]+|linux\/)[\w/ ]+$/,
};

/** Those entries of the table that concern a file. */
const entriesOf = (path: string): (RegExp | 'all')[] =>
  Object.entries(table).flatMap(([key, entry]) =>
    path === key || (key.endsWith('/') && path.startsWith(key)) ? [entry] : [],
  );

/** Tells which texts of a source file are not for people. */
export function machineTexts(path: string): (text: string) => boolean {
  const patterns = entriesOf(path).map((entry) => (entry === 'all' ? /^/ : entry));
  return (text) => [names, ...patterns].some((pattern) => pattern.test(text));
}

/** Entries for which there is no file any more. */
export const unusedEntries = (paths: readonly string[]): string[] =>
  Object.keys(table).filter(
    (key) => !paths.some((path) => path === key || (key.endsWith('/') && path.startsWith(key))),
  );
