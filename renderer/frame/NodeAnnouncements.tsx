import { useEffect, useState } from 'react';
import { formatCount, formatList } from '../../shared/format.ts';
import { type Health, healthOf, healthWords, isNotUp, useNodes } from '../stores/nodes.ts';

/** With more nodes that change at once, only their number is said. */
const maxNames = 3;

/** Says to screen readers when nodes cannot build any more, and when they can again. */
export function NodeAnnouncements() {
  const [text, setText] = useState('');
  useEffect(
    () =>
      useNodes.subscribe((nodes, before) => {
        const changes = Object.keys(nodes.byName).flatMap((name) => {
          const [health, last] = [healthOf(nodes, name), healthOf(before, name)];
          const isSaid = isNotUp(last) ? health === 'up' : last === 'up' && health !== 'up';
          return isSaid ? { name, health } : [];
        });
        if (changes.length > 0) {
          const healths = [...new Set(changes.map(({ health }) => health))];
          setText(
            healths
              .map((each) =>
                sentence(
                  changes.filter(({ health }) => health === each),
                  each,
                ),
              )
              .join(' '),
          );
        }
      }),
    [],
  );
  return <output className="visually-hidden">{text}</output>;
}

function sentence(of: readonly { readonly name: string }[], health: Health): string {
  const who = of.length > maxNames ? formatCount(of.length, 'node') : formatList(of.map(({ name }) => name));
  return `${who}: ${health === 'up' ? 'up again' : healthWords[health].toLowerCase()}.`;
}
