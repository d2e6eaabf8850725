/**
 * The colour that a token has now, for what no style sheet draws: canvases, the editor, the terminal. Where the
 * system forces its colours on the page, tokens are those, and the probe is not given one colour for all.
 *
 * @param host where the token is looked up
 */
export function tokenColour(token: string, host: HTMLElement = document.body): string {
  const probe = host.appendChild(document.createElement('i'));
  probe.style.color = `var(${token})`;
  probe.style.setProperty('forced-color-adjust', 'none');
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const SYSTEM = ['(prefers-color-scheme: dark)', '(forced-colors: active)'] as const;

/** Calls when the system's choice of colours changes. @returns how to hear no more */
export function onSystemColours(listener: () => void): () => void {
  const queries = SYSTEM.map((query) => window.matchMedia(query));
  for (const query of queries) query.addEventListener('change', listener);
  return () => {
    for (const query of queries) query.removeEventListener('change', listener);
  };
}
