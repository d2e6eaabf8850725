/** Icons of the transport and the bars, drawn on 14 units. */
const PATHS = {
  first: 'M2 2h2v10H2zM13 2v10L5 7z',
  back: 'M11 2v10L3 7z',
  play: 'M3 1.5v11L12.5 7z',
  pause: 'M3 2h3v10H3zM8 2h3v10H8z',
  forward: 'M3 2v10l8-5z',
  last: 'M10 2h2v10h-2zM1 2v10l8-5z',
  stop: 'M2.5 2.5h9v9h-9z',
  reset: 'M7 2a5 5 0 1 1-4.6 3h1.6A3.6 3.6 0 1 0 7 3.4V5.6L3.6 2.8 7 0z',
  find: 'M6 1.5a4.5 4.5 0 1 0 2.7 8.1l3.1 3 1-1-3-3.1A4.5 4.5 0 0 0 6 1.5m0 1.4a3.1 3.1 0 1 1 0 6.2 3.1 3.1 0 0 1 0-6.2',
  settings: 'M1 3h7v1.4H1zM11 3h2v1.4h-2zM8.5 1.7h2v4h-2zM1 9.6h2v1.4H1zM6 9.6h7v1.4H6zM3.5 8.3h2v4h-2z',
  theme: 'M7 1a6 6 0 1 0 0 12A6 6 0 0 0 7 1m0 1.4v9.2a4.6 4.6 0 0 1 0-9.2',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon-svg" viewBox="0 0 14 14" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
