import { expect, it } from 'vitest';
import { manualCommands } from './manual-commands.ts';

it('commands name the manifest list in local storage and the destination', () => {
  expect(manualCommands('registry.example.com/team/api:1.4', '/home/anna/.local/share/barnraiser')[0]?.text).toBe(
    'skopeo copy --all oci:/home/anna/.local/share/barnraiser/images:registry.example.com/team/api:1.4 docker://registry.example.com/team/api:1.4',
  );
});

it('a reference without a registry gets an example registry', () => {
  expect(manualCommands('api:1', '/x')[0]?.text).toBe(
    'skopeo copy --all oci:/x/images:api:1 docker://registry.example.com/api:1',
  );
});

it('commands name the real destination if there is one', () => {
  expect(manualCommands('api:1', '/x', 'localhost:5000/team/api:1')[0]?.text).toBe(
    'skopeo copy --all oci:/x/images:api:1 docker://localhost:5000/team/api:1',
  );
});

it('a data folder with spaces is quoted for the shell', () => {
  expect(manualCommands('api:1', "/Users/anna/Anna's data")[0]?.text).toContain(
    "'oci:/Users/anna/Anna'\\''s data/images:api:1'",
  );
});

it('a data folder of Windows is named as WSL sees it', () => {
  expect(manualCommands('api:1', 'C:\\Users\\anna\\AppData\\Local\\barnraiser\\Data')[0]?.text).toContain(
    'oci:/mnt/c/Users/anna/AppData/Local/barnraiser/Data/images:api:1 ',
  );
});
