/** One link in the forms in which it is passed on. */
export interface Snippet {
  readonly name: string;
  readonly text: string;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** What an iframe of another site needs to run the player, and to open the page from it. */
export const SANDBOX = 'allow-scripts allow-same-origin allow-popups';

/**
 * @param page address of the playground, without `#`
 * @param hash the link's `#` part
 * @param title what is shown, in words
 */
export function snippets(page: string, hash: string, title: string): readonly Snippet[] {
  const link = `${page}${hash}`;
  const embed = `${new URL('embed.html', page).href}${hash}`;
  return [
    { name: 'Link', text: link },
    { name: 'Markdown', text: `[${title.replaceAll(/[[\]\\]/g, '\\$&')}](${link})` },
    {
      name: 'iframe',
      text: `<iframe src="${escape(embed)}" title="${escape(title)}" width="720" height="480" style="border:0;width:100%" sandbox="${SANDBOX}" loading="lazy"></iframe>`,
    },
  ];
}
