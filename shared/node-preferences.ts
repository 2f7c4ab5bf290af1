/** What a person prefers of a node, as its connection says. */
import { z } from 'zod';
import { formatCount } from './format.ts';

/** The highest priority and weight, as in RFC 2782. */
export const maxRank = 65_535;
export const maxSlots = 32;

export const nodePreferencesSchema = z.object({
  /** Nodes of a higher number get only jobs that none of a lower one can build (RFC 2782). */
  priority: z.number().int().min(0).max(maxRank).optional(),
  /** The share of the jobs among nodes of the same priority (RFC 2782). 0: only if no other of them can build a job. */
  weight: z.number().int().min(0).max(maxRank).optional(),
  /** How many jobs it runs at once, instead of the setting for all nodes. */
  slots: z.number().int().min(1).max(maxSlots).optional(),
  /** `never`: it builds only what it runs natively, also where emulation is allowed. */
  emulation: z.enum(['allowed', 'never']).optional(),
});
export type NodePreferences = Readonly<z.infer<typeof nodePreferencesSchema>>;

/** What holds where a connection says nothing. A slot count of 0 is that of the settings. */
export const defaultPreferences: Readonly<Required<NodePreferences>> = {
  priority: 10,
  weight: 100,
  slots: 0,
  emulation: 'allowed',
};

/** `priority 5`, `weight 50`, `1 slot`, `no emulation`: what differs from the defaults. */
export function preferenceTexts({ priority, weight, slots, emulation }: NodePreferences): string[] {
  return [
    ...(priority === undefined ? [] : [`priority ${priority}`]),
    ...(weight === undefined ? [] : [`weight ${weight}`]),
    ...(slots === undefined ? [] : [formatCount(slots, 'slot')]),
    ...(emulation === 'never' ? ['no emulation'] : []),
  ];
}
