/**
 * The colour that a token has now, for what no style sheet draws: canvases, the editor, the terminal. Where the
 * system forces its colours on the page, tokens keep theirs there: one colour for all states would say nothing.
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
