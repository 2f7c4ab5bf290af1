import type { ReactNode } from 'react';

/** Paths on a 16 × 16 grid, drawn as strokes in the colour of the surrounding text. */
const glyphs = {
  farm: <path d="M2.5 7.2 8 2.5l5.5 4.7v6.3h-11ZM6 13.5V9.2h4v4.3" />,
  builds: <path d="M2.5 3.5h11v3h-11ZM2.5 9.5h11v3h-11ZM6.5 3.5v3M9.5 9.5v3" />,
  images: <path d="m8 2 6 3-6 3-6-3ZM2.5 8.2 8 11l5.5-2.8M2.5 11.2 8 14l5.5-2.8" />,
  connections: <path d="M5.5 2v3.5M10.5 2v3.5M3.5 5.5h9V8a4.5 4.5 0 0 1-9 0ZM8 12.5V14.5" />,
  registry: (
    <path d="M8 2c3 0 5.5.9 5.5 2S11 6 8 6 2.5 5.1 2.5 4 5 2 8 2ZM2.5 4v8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2V4M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2" />
  ),
  settings: (
    <path d="M2 4.5h6M11.5 4.5H14M2 11.5h2.5M8 11.5h6M9.7 2.7a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6ZM6.3 9.7a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z" />
  ),
  chart: <path d="M2.5 2.5v11h11M5 10.5l2.6-3.2 2 1.8L13 4.5" />,
  node: <path d="M2.5 3h11v4h-11ZM2.5 9h11v4h-11ZM5 5h.01M5 11h.01" />,
  sidebar: <path d="M2 3h12v10H2ZM6 3v10" />,
  search: <path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3 14 14" />,
  plus: <path d="M8 3v10M3 8h10" />,
  minus: <path d="M3 8h10" />,
  check: <path d="m3 8.5 3.5 3.5L13 4.5" />,
  cross: <path d="m4 4 8 8M12 4l-8 8" />,
  'chevron-right': <path d="m6 3.5 4.5 4.5L6 12.5" />,
  'chevron-left': <path d="M10 3.5 5.5 8l4.5 4.5" />,
  'chevron-down': <path d="M3.5 6 8 10.5 12.5 6" />,
  'chevron-up': <path d="M3.5 10 8 5.5l4.5 4.5" />,
  select: <path d="M5 6.5 8 3.5l3 3M5 9.5l3 3 3-3" />,
  more: <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2" />,
  drag: <path d="M6 3.5h.01M10 3.5h.01M6 8h.01M10 8h.01M6 12.5h.01M10 12.5h.01" strokeWidth="2" />,
  copy: <path d="M5.5 5.5h8v8h-8ZM3 10.5h-.5v-8h8V3" />,
  fit: <path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />,
  window: <path d="M8.5 2.5h5v5M13.5 2.5 8 8M6.5 3.5h-4v10h10v-4" />,
  trash: <path d="M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9" />,
  refresh: <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3" />,
  reset: <path d="M3 8a5 5 0 1 0 1.6-3.7M3 2v3h3" />,
  play: <path d="M4.5 3v10l8.5-5Z" />,
  pause: <path d="M5 3v10M11 3v10" />,
  queue: <path d="M2.5 4h7M2.5 8h11M2.5 12h5" />,
  stop: <path d="M4 4h8v8H4Z" />,
  push: <path d="M8 10.5V2.5M4.8 5.5 8 2.3l3.2 3.2M2.5 10.5v3h11v-3" />,
  download: <path d="M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 10.5v3h11v-3" />,
  up: <path d="M8 13.5v-11M4 6.5l4-4 4 4" />,
  down: <path d="M8 2.5v11M4 9.5l4 4 4-4" />,
  folder: <path d="M2 4V12.5h12V5H7.8L6.5 3.5H2Z" />,
  file: <path d="M4 2h5l3 3v9H4ZM9 2v3h3" />,
  warning: <path d="M8 2.5 14.3 13.5H1.7ZM8 6.5v3.2M8 11.7h.01" />,
  info: <path d="M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 7.5v3.5M8 5.2h.01" />,
  clock: <path d="M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 5v3.2l2.2 1.6" />,
  pin: <path d="M5.5 2.5h5l-.6 4.5 2 2.5H4.1l2-2.5ZM8 9.5V14" />,
  log: <path d="M2 3h12v10H2ZM4.5 6l2 2-2 2M8.5 10.2h3" />,
  edit: <path d="m3 13 .6-2.9 7.3-7.3 2.3 2.3-7.3 7.3ZM9.5 4.2l2.3 2.3" />,
  star: <path d="m8 2.2 1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4-2.9-2.8 4-.6Z" />,
  key: <path d="M10.5 2.5a3 3 0 1 1-2.3 5L3 12.7V14h2.5v-1.5H7V11M11 5h.01" />,
  compare: (
    <path d="M3 2.5v9a1.5 1.5 0 0 0 1.5 1.5H9M7 10.8 9.2 13 7 15.2M13 13.5v-9A1.5 1.5 0 0 0 11.5 3H7M9 .8 6.8 3 9 5.2" />
  ),
  wrap: <path d="M2 3.5h12M2 8h9.5a2 2 0 0 1 0 4.5H8M9.6 10.6 7.7 12.5l1.9 1.9M2 12.5h3" />,
  filter: <path d="M2 3.5h12M4 8h8M6.5 12.5h3" />,
  lost: (
    <path d="M2 6.5a8.5 8.5 0 0 1 4-2.1M14 6.5a8.5 8.5 0 0 0-4.5-2.2M4.5 9.3a5 5 0 0 1 2-1.2M8 12.5h.01M2.5 2l11 12" />
  ),
  disk: (
    <path d="M8 2.5c3 0 5 .9 5 2s-2 2-5 2-5-.9-5-2 2-2 5-2ZM3 4.5v7c0 1.1 2 2 5 2s5-.9 5-2v-7M3 8c0 1.1 2 2 5 2s5-.9 5-2" />
  ),
  eye: (
    <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z" />
  ),
  'eye-off': (
    <path d="M6.4 3.7A6 6 0 0 1 8 3.5C12 3.5 14.5 8 14.5 8a12 12 0 0 1-1.9 2.4M4.2 5A11.6 11.6 0 0 0 1.5 8S4 12.5 8 12.5a5.8 5.8 0 0 0 3.2-1M6.7 6.7a1.8 1.8 0 0 0 2.6 2.6M2.5 2.5l11 11" />
  ),
  package: <path d="M8 1.8 13.5 5v6L8 14.2 2.5 11V5ZM2.5 5 8 8.2 13.5 5M8 8.2v6" />,
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof glyphs;

const isIconName = (name: string): name is IconName => Object.hasOwn(glyphs, name);
export const iconNames = Object.keys(glyphs).filter(isIconName);

/** An icon beside a text. It is hidden from screen readers, so the text must have the same meaning. */
export function Icon({
  name,
  size = 16,
  className,
}: {
  name: IconName;
  size?: number;
  className?: string | undefined;
}) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={className}
    >
      {glyphs[name]}
    </svg>
  );
}
