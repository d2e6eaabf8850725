/** Takes over from the static page: its text, caret and focus go on in the playground. */
import { createRoot } from 'react-dom/client';
import { flushSync } from 'react-dom';
import { Playground } from './Playground.tsx';
import { takeField } from './editor/handover.ts';
import type { FieldState } from './editor/handover.ts';
import type { PageDeps } from './store/deps.ts';
import { startPage } from './store/page.ts';
import { Recovery } from './widgets/Recovery.tsx';

const nothing = (): undefined => undefined;

/** @param later fetch what the page offers only by name */
export function mountPlayground(deps: PageDeps, later: readonly (() => Promise<unknown>)[]): void {
  const root = document.getElementById('app');
  const area = document.querySelector<HTMLTextAreaElement>('textarea.program');
  if (!root || !area) return;
  const field: FieldState = takeField(area);
  startPage(deps, field.text);
  // A list of imports is no part of what the first key waits for.
  void import('./later_parts.ts').then(({ fetchLaterParts }) => fetchLaterParts(later), nothing);
  root.replaceChildren();
  flushSync(() =>
    createRoot(root).render(
      <Recovery what="page">
        <Playground field={field} />
      </Recovery>,
    ),
  );
}
