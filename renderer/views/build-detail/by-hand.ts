import { parseReference } from '../../../shared/image.ts';

export interface Command {
  readonly title: string;
  readonly text: string;
}

/** Quotes a word for a shell where it needs that. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Commands that take a list out of local storage without Barnraiser; tried with skopeo 1.9 and podman 4.3, all but the
 * one for docker's own storage, which is as skopeo documents it.
 * @param home the data folder: images are an OCI layout in it, where a list is found by its reference.
 */
export function commandsFor(reference: string, home: string): Command[] {
  const parsed = parseReference(reference);
  const hasRegistry = typeof parsed !== 'string' && parsed.registry !== undefined;
  const stored = word(`oci:${home}/images:${reference}`);
  const destination = word(`docker://${hasRegistry ? '' : 'registry.example.com/'}${reference}`);
  const name = word(reference);
  // without a host these would be names of Docker Hub
  const local = hasRegistry ? reference : `localhost/${reference}`;
  return [
    { title: 'Push with skopeo', text: `skopeo copy --all ${stored} ${destination}` },
    {
      title: 'Push with podman',
      text: `podman manifest create ${name} && podman manifest add --all ${name} ${stored} && podman manifest push --all ${name} ${destination}`,
    },
    { title: 'Load into podman here', text: `skopeo copy ${stored} ${word(`containers-storage:${local}`)}` },
    { title: 'Load into docker here', text: `skopeo copy ${stored} ${word(`docker-daemon:${reference}`)}` },
  ];
}
