/** What the marks mean. */
const ENTRIES: readonly { readonly name: string; readonly text: string; readonly mark: string }[] = [
  { name: 'current', text: 'current', mark: 'M5.5 3l5 3-5 3z' },
  { name: 'visited', text: 'visited', mark: 'M5 6l2 2 4-4' },
  { name: 'will-visit', text: 'will visit', mark: 'M10 6a2 2 0 1 1-4 0a2 2 0 1 1 4 0' },
  { name: 'skipped', text: 'skipped', mark: '' },
  { name: 'out-of-range', text: 'out of range', mark: '' },
  { name: 'vanished', text: 'vanished', mark: 'M5.5 3.5l5 5M10.5 3.5l-5 5' },
  { name: 'rolled-back', text: 'taken back', mark: 'M10.5 4.5a3 3 0 1 0 .4 2.6M11 2.5v2.3h-2.3' },
];

export function Legend() {
  return (
    <ul className="legend" aria-label="Legend">
      {ENTRIES.map(({ name, text, mark }) => (
        <li key={name}>
          <svg viewBox="0 0 16 12" aria-hidden="true">
            <g className={`node ${name}`}>
              <rect className="shape" x="1" y="1" width="14" height="10" rx="3" />
              {mark && <path className="mark" d={mark} />}
            </g>
          </svg>
          {text}
        </li>
      ))}
      <li>
        <svg viewBox="0 0 16 12" aria-hidden="true">
          <rect x="1" y="1" width="14" height="10" rx="3" fill="none" stroke="var(--held)" />
        </svg>
        held
      </li>
    </ul>
  );
}
