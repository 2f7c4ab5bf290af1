import { expect, it } from 'vitest';
import { commandsFor } from './by-hand.ts';

it('commands name the list in local storage and where it goes', () => {
  expect(commandsFor('registry.example.com/team/api:1.4', '/home/anna/.local/share/barnraiser')[0]?.text).toBe(
    'skopeo copy --all oci:/home/anna/.local/share/barnraiser/images:registry.example.com/team/api:1.4 docker://registry.example.com/team/api:1.4',
  );
});

it('a local reference gets a registry to be replaced', () => {
  expect(commandsFor('api:1', '/x')[0]?.text).toBe(
    'skopeo copy --all oci:/x/images:api:1 docker://registry.example.com/api:1',
  );
});

it('a folder with spaces is quoted for the shell', () => {
  expect(commandsFor('api:1', "/Users/anna/Anna's data")[0]?.text).toContain(
    "'oci:/Users/anna/Anna'\\''s data/images:api:1'",
  );
});
