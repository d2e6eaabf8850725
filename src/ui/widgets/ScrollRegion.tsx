import type { ReactNode, Ref } from 'react';

interface Props {
  readonly label: string;
  readonly className?: string;
  readonly scroller?: Ref<HTMLDivElement>;
  readonly children: ReactNode;
}

/** A part that scrolls, also by keyboard: it can be reached by Tab though nothing in it can. */
export function ScrollRegion({ label, className = '', scroller, children }: Props) {
  return (
    // A scrollable region without focusable content has to be focusable itself.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={`scroll ${className}`} ref={scroller} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/**
 * Ref of the element that should be in view: it is scrolled there before the next frame is drawn. At once
 * would make the browser lay the page out in the middle of a commit.
 */
export function scrollHere(element: HTMLElement | null): void {
  if (element) requestAnimationFrame(() => element.scrollIntoView({ block: 'nearest' }));
}
