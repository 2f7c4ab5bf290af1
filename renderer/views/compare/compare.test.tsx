import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { CallInput } from '../../../shared/contract.ts';
import { setTransport } from '../../api.ts';
import { useNavigation } from '../../stores/navigation.ts';
import type { FixtureState } from '../../testing/fixture-app.ts';
import { comparisonOf } from '../../testing/fixture-compare.ts';
import { isDisabled, startTestApp, type TestApp } from '../../testing/render-app.tsx';
import { CompareView } from './CompareView.tsx';

let app: TestApp;
afterEach(() => app.stop());

type Answer = (input: CallInput<'images.compare'>) => unknown;

/** @param answer instead of that of the fixture app */
async function open(state: FixtureState, a?: string, b?: string, answer?: Answer) {
  app = await startTestApp(state);
  const asked: CallInput<'images.compare'>[] = [];
  setTransport({
    call: async (name, input) => {
      if (name === 'images.compare') {
        asked.push(input as CallInput<'images.compare'>);
        if (answer) {
          return answer(input as CallInput<'images.compare'>) as never;
        }
      }
      return app.call(name, input);
    },
    onEvent: (listener) => app.subscribe(listener),
    onLink: () => () => undefined,
  });
  render(<CompareView a={a} b={b} />);
  return asked;
}

const platform = async (name: string) => within(await screen.findByRole('region', { name }));

describe('a comparison', () => {
  it('needs two images, and is made when both are named', async () => {
    const asked = await open('done');
    screen.getByText('Choose two images');
    const button = screen.getByRole('button', { name: 'Compare' });
    expect(isDisabled(button)).toBe(true);
    fireEvent.change(screen.getByLabelText('First image'), { target: { value: ' api:1.3 ' } });
    fireEvent.change(screen.getByLabelText('Second image'), { target: { value: 'api:1.4' } });
    await userEvent.click(button);
    expect(useNavigation.getState().route?.view).toEqual({ view: 'compare', a: 'api:1.3', b: 'api:1.4' });
    expect(asked).toEqual([]);
  });

  it('shows platforms, layers, configuration, packages and files', async () => {
    await open('done', 'api:1.3', 'api:1.4');
    const amd64 = await platform('linux/amd64');
    amd64.getByText('Different images');
    amd64.getByText(/^1 shared \(48.*MB\), 2 added \(23.4 MB\), 1 removed \(20.2 MB\)$/);
    amd64.getByText('20.18.0 → 20.20.1');
    within(amd64.getByRole('list', { name: 'Files' })).getByText('/app/start.sh');
    amd64.getByText(/3 changed, 4 added, 1 removed, 212 with another time only/);
    amd64.getByText(/\d+ more are not listed/);
    (await platform('linux/arm64')).getByText('The same image');
    (await platform('linux/s390x')).getByText('Only in the second');
  });

  it('says that two images are the same', async () => {
    await open('done', 'api:1.4', 'api:1.4');
    await screen.findByText('They are the same.');
  });

  it('fetches layers that are only in a registry when a person wants that', async () => {
    const asked = await open('done', 'api:1.3', 'docker://registry.example.com/api:1.4', ({ a, b, files }) => {
      const comparison = comparisonOf(a, b, 'done');
      const [first, ...others] = comparison.platforms;
      const { packages: _, files: __, ...rest } = first ?? {};
      const partial = { ...rest, missingBytes: 50_000_000 };
      return { ok: true, value: files === 'fetch' ? comparison : { ...comparison, platforms: [partial, ...others] } };
    });
    await screen.findByText(/50.* MB of layers are not on this computer/);
    await userEvent.click(screen.getByRole('button', { name: 'Fetch and compare' }));
    await waitFor(() => expect(screen.queryByText(/are not on this computer/)).toBeNull());
    expect(asked.map(({ files }) => files)).toEqual(['here', 'fetch']);
  });

  it('that failed says why, and is repeated without verified TLS', async () => {
    const asked = await open('done', 'api:1.3', 'docker://registry.example.com/api:1.4', ({ a, b, tlsVerify }) =>
      tlsVerify === false
        ? { ok: true, value: comparisonOf(a, b, 'done') }
        : {
            ok: false,
            problem: {
              code: 'registry.tls',
              message: 'The registry at registry.example.com uses plain HTTP without TLS.',
              fix: 'Push over plain HTTP.',
              actions: [{ id: 'push-without-tls', reason: 'plain-http' }],
            },
          },
    );
    await screen.findByText(/uses plain HTTP without TLS/);
    await userEvent.click(screen.getByRole('button', { name: /plain HTTP/ }));
    await platform('linux/amd64');
    expect(asked.map(({ tlsVerify }) => tlsVerify)).toEqual([true, false]);
  });

  it('swaps the images', async () => {
    await open('done', 'api:1.3', 'api:1.4');
    await userEvent.click(screen.getByRole('button', { name: 'Swap the images' }));
    expect(useNavigation.getState().route?.view).toEqual({ view: 'compare', a: 'api:1.4', b: 'api:1.3' });
  });

  it('of images with many differences counts those that are not listed', async () => {
    await open('huge', 'api:1.3', 'api:1.4');
    const amd64 = await platform('linux/amd64');
    amd64.getByText('480 changed, 1 added');
    expect(within(amd64.getByRole('list', { name: 'Packages' })).getAllByRole('listitem')).toHaveLength(481);
  });
});
