import { parseReference } from '../../../shared/image.ts';

export interface ManualCommand {
  readonly title: string;
  readonly text: string;
}

/** Quotes a word for a shell if necessary. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A path as these commands see it. On Windows they run in WSL or in podman's machine, which have drives at `/mnt/c`. */
function posixPath(path: string): string {
  const [, drive, rest = ''] = /^([A-Za-z]):[\\/]+(.*)$/.exec(path) ?? [];
  return drive === undefined ? path : `/mnt/${drive.toLowerCase()}/${rest.replaceAll('\\', '/')}`;
}

/**
 * Commands that use a manifest list from local storage without Barnraiser. Tested with skopeo 1.9 and podman 4.3, except the
 * command for docker's image store, which follows the documentation of skopeo.
 * @param home the data folder; its `images` folder is an OCI layout that finds a list by its reference.
 * @param destination where the image was pushed or would be pushed. If it is empty, the commands have an example.
 */
export function manualCommands(reference: string, home: string, destination = ''): ManualCommand[] {
  const parsed = parseReference(reference);
  const hasRegistry = typeof parsed !== 'string' && parsed.registry !== undefined;
  const stored = shellWord(`oci:${posixPath(home)}/images:${reference}`);
  const example = `${hasRegistry ? '' : 'registry.example.com/'}${reference}`;
  const pushed = shellWord(`docker://${destination || example}`);
  const name = shellWord(reference);
  // without a host, podman would expand the name to Docker Hub
  const local = hasRegistry ? reference : `localhost/${reference}`;
  return [
    { title: 'Push with skopeo', text: `skopeo copy --all ${stored} ${pushed}` },
    {
      title: 'Push with podman',
      text: `podman manifest create ${name} && podman manifest add --all ${name} ${stored} && podman manifest push --all ${name} ${pushed}`,
    },
    {
      title: 'Load into podman on this computer',
      text: `skopeo copy ${stored} ${shellWord(`containers-storage:${local}`)}`,
    },
    {
      title: 'Load into docker on this computer',
      text: `skopeo copy ${stored} ${shellWord(`docker-daemon:${reference}`)}`,
    },
  ];
}
