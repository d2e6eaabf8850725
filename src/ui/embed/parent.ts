/** What the player tells the page that it stands in. Any page may embed it, so any page may hear this. */
export type ToParent =
  | { readonly type: 'iterscope:height'; readonly height: number }
  | { readonly type: 'iterscope:playing' };

export function tellParent(message: ToParent): void {
  if (window.parent !== window) window.parent.postMessage(message, '*');
}

/** Height of the code and the picture that the player asks for, by its width, in pixels. */
const bodyHeight = (width: number): number => (width < 560 ? 340 : 320);

/** Tells the height that the player would like to have, now and whenever its width changes. */
export function reportHeight(root: HTMLElement): void {
  let told = 0;
  const tell = (): void => {
    const bars = [...root.querySelectorAll<HTMLElement>('.embed-head, .embed-caption, .embed-foot')];
    const height = bars.reduce((sum, bar) => sum + bar.offsetHeight, 0) + bodyHeight(root.clientWidth) + 2;
    if (height === told) return;
    told = height;
    tellParent({ type: 'iterscope:height', height });
  };
  new ResizeObserver(tell).observe(root);
  tell();
}
