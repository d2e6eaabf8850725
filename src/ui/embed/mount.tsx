/** Takes over from the player's static frame. Nothing is kept from one visit to the next. */
import { createRoot } from 'react-dom/client';
import type { PageDeps } from '../store/deps.ts';
import { keepNothing } from '../store/keep.ts';
import { startPage } from '../store/page.ts';
import { useStore } from '../store/store.ts';
import { showTheme } from '../store/view.ts';
import { Recovery } from '../widgets/Recovery.tsx';
import { onlyOnePlays } from './only_one.ts';
import { embedParams } from './params.ts';
import { reportHeight } from './parent.ts';
import { Player } from './Player.tsx';
import { startPlayer } from './start.ts';

export function mountPlayer(deps: PageDeps): void {
  const root = document.getElementById('app');
  if (!root) return;
  keepNothing();
  const { params, problems } = embedParams(location.search);
  startPage(deps, deps.examples[0]?.text ?? '');
  useStore.setState({ theme: params.theme, speed: params.speed });
  showTheme(params.theme);
  root.replaceChildren();
  createRoot(root).render(
    <Recovery what="player">
      <Player params={params} problems={problems} />
    </Recovery>,
  );
  reportHeight(root);
  onlyOnePlays();
  unfocused(root);
  void startPlayer(location.hash, params, deps).then((problem) => {
    if (problem !== '') useStore.setState({ failure: problem });
  });
}

/** The wheel scrolls the page around the player until the player has the keyboard. */
function unfocused(root: HTMLElement): void {
  root.addEventListener(
    'wheel',
    (event) => {
      if (window.parent !== window && !document.hasFocus()) event.stopPropagation();
    },
    { capture: true, passive: true },
  );
}
