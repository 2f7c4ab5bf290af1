import { defaultSshId } from './build-secrets.ts';
import type { SourceMount } from './project.ts';

/** The secrets and SSH agents that a step mounts, without those whose id is a variable. @param instruction on one line */
export function sourceMounts(instruction: string): SourceMount[] {
  const [keyword, ...words] = instruction.trim().split(/\s+/);
  const end = words.findIndex((word) => !word.startsWith('--'));
  const flags = keyword?.toUpperCase() === 'RUN' ? words.slice(0, end < 0 ? undefined : end) : [];
  return flags.flatMap((flag) => {
    const fields = new Map(
      flag
        .replace(/^--mount=/, '')
        .split(',')
        .map((field): [string, string] => {
          const [name = '', value = 'true'] = field.split(/=(.*)/s);
          return [name.toLowerCase(), value];
        }),
    );
    const kind = fields.get('type');
    if (!flag.startsWith('--mount=') || (kind !== 'secret' && kind !== 'ssh')) {
      return [];
    }
    const target = ['target', 'dst', 'destination'].flatMap((name) => fields.get(name) ?? [])[0];
    const id = fields.get('id') ?? (kind === 'ssh' ? defaultSshId : target?.split('/').at(-1));
    const isRequired = /^(?:true|1)$/i.test(fields.get('required') ?? '');
    return id === undefined || id === '' || id.includes('$') ? [] : [{ kind, id, isRequired }];
  });
}

/** What the steps of a Containerfile mount, each secret and agent once, in the order of the Containerfile. */
export function allSourceMounts(instructions: readonly { readonly text: string }[]): SourceMount[] {
  const mounts = new Map<string, SourceMount>();
  for (const mount of instructions.flatMap(({ text }) => sourceMounts(text))) {
    const key = `${mount.kind} ${mount.id}`;
    mounts.set(key, { ...mount, isRequired: mount.isRequired || mounts.get(key)?.isRequired === true });
  }
  return [...mounts.values()];
}
