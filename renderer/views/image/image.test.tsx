import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { Platform } from '../../../shared/platform.ts';
import { parsePlatform } from '../../../shared/platform.ts';
import { replaceView, useNavigation } from '../../stores/navigation.ts';
import { renderWithApp, type TestApp } from '../../testing/render-app.tsx';
import { ImageView } from './ImageView.tsx';

const reference = 'registry.example.com/team/api:1.3';

let app: TestApp;
afterEach(() => app.stop());

function CurrentView() {
  const view = useNavigation(({ route }) => route?.view);
  return view?.view === 'image' ? <ImageView {...view} /> : null;
}

async function open(section?: string, platform?: Platform, selected = reference) {
  replaceView({
    view: 'image',
    reference: selected,
    ...(section ? { section } : {}),
    ...(platform ? { platform } : {}),
  });
  ({ app } = await renderWithApp(<CurrentView />, 'done'));
}

const route = () => useNavigation.getState().route?.view;

describe('the details of an image', () => {
  it('show the platforms first, and other sections by their tabs', async () => {
    await open();
    const tabs = within(screen.getByRole('tablist', { name: 'Sections' }));
    expect(tabs.getByRole('tab', { selected: true }).textContent).toBe('Platforms');
    await screen.findByRole('region', { name: 'Platforms' });
    fireEvent.keyDown(tabs.getByRole('tab', { selected: true }), { key: 'End' });
    expect(tabs.getByRole('tab', { selected: true })).toBe(document.activeElement);
    await userEvent.click(tabs.getByRole('tab', { name: 'Manifest' }));
    expect(route()).toMatchObject({ view: 'image', reference, section: 'manifest' });
    await screen.findByText(/"schemaVersion": 2/);
  });

  it('say that the reference does not exist', async () => {
    await open(undefined, parsePlatform('linux/amd64'), 'gone:1');
    screen.getByText('gone:1 is not in local storage');
  });

  it('go back to the list', async () => {
    await open();
    await userEvent.click(screen.getByRole('button', { name: 'Back to images' }));
    await waitFor(() => expect(route()).toEqual({ view: 'images', reference }));
  });
});
