/**
 * The address follows the page: while the recording on show belongs to the program in the editor, `#` holds
 * both and the moment. What the user goes to on purpose becomes an entry of the history, so that Back undoes
 * it; playing, dragging and stepping only change the entry that is there.
 */
import { create } from 'zustand';
import { behindFrame } from '../store/frame.ts';
import { keep, kept, keepProgram } from '../store/keep.ts';
import type { KeptProgram } from '../store/keep.ts';
import { isStale } from '../store/run.ts';
import { useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { LINK_MOST, hashOf, isLink, linkProblem, openHash } from './link.ts';
import { sharedOf, show } from './shared.ts';

/** The address is written when the moment has been still for so long: browsers refuse quicker writers. */
const STILL_MS = 300;
const MINE = 'before-link';

interface LinkState {
  /** The user's own program that a link has replaced in the editor, or null. */
  readonly mine: KeptProgram | null;
}
export const useLink = create<LinkState>()(() => ({ mine: null }));

/** `#` for what is on show, or '' when there is no recording of it or no link can carry it. */
function hashFor(state: PageState): string {
  if (!state.result || isStale(state)) return '';
  const shared = sharedOf(state);
  if (linkProblem(shared.scenario) !== '') return '';
  const hash = hashOf(shared);
  return hash.length <= LINK_MOST ? hash : '';
}

/** Last `#` that was written or opened. */
let written = '';
let opening = false;

function write(how: 'pushState' | 'replaceState', hash: string): void {
  if (hash === written) return;
  written = hash;
  try {
    history[how](null, '', hash || `${location.pathname}${location.search}`);
  } catch {
    // Refused in a sandboxed frame, or after too many: the address stays behind, the page goes on.
  }
}

/** A program that is nobody's example is kept before a link takes its place. */
function keepMine(next: KeptProgram): void {
  const { path, text, examples } = useStore.getState();
  if (text === next.text || examples.some((one) => one.text === text)) return;
  keep(MINE, JSON.stringify({ path, text }));
  useLink.setState({ mine: { path, text } });
}

export function bringBack(): void {
  const { mine } = useLink.getState();
  if (!mine) return;
  keepProgram(mine);
  useStore.setState({ ...mine, check: null, prog: null });
  useLink.setState({ mine: null });
}

async function open(hash: string): Promise<void> {
  const link = openHash(hash, useStore.getState());
  if (!link.ok) {
    useStore.setState({ failure: `This link cannot be opened: ${link.problem}. Nothing was changed.` });
    return;
  }
  const { path, text = '' } = link.shared.scenario.source;
  keepMine({ path, text });
  written = hash;
  opening = true;
  try {
    await show(link.shared);
  } finally {
    opening = false;
  }
}

/** Back and Forward inside one recording only move the cursor. */
function follow(): void {
  const { hash } = location;
  if (hash === written || !isLink(hash)) return;
  const state = useStore.getState();
  const here = hashFor(state);
  const [, packed] = hash.split('.');
  const link = here !== '' && here.split('.')[1] === packed ? openHash(hash, state) : null;
  if (!link?.ok || !link.shared.moment) return void open(hash);
  const { call, insn = null, session } = link.shared.moment;
  written = hash;
  state.pause();
  const place = state.result?.sessions.findIndex((one) => one.session === session) ?? -1;
  if (place >= 0 && place !== state.session) state.setSession(place);
  state.seek({ call, insn });
}

/** Opens the link in the address, if there is one, and lets the address follow from then on. */
export function startAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let jumped: (() => void) | null = null;
  const writeJump = (): void => {
    jumped?.();
    jumped = null;
  };
  useStore.subscribe((state, before) => {
    if (opening) return;
    if (state.jumps !== before.jumps) {
      clearTimeout(timer);
      writeJump();
      // The moment is drawn first: the browser takes its time over an entry.
      jumped = () => {
        const from = hashFor(before);
        if (from !== '') write('replaceState', from);
        const to = hashFor(state);
        if (to !== '') write('pushState', to);
      };
      behindFrame(writeJump);
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => {
      const now = useStore.getState();
      const hash = hashFor(now);
      if (hash !== '' || (written !== '' && now.status === 'idle' && !opening)) write('replaceState', hash);
    }, STILL_MS);
  });
  window.addEventListener('hashchange', follow);
  window.addEventListener('popstate', follow);
  const before = kept(MINE);
  if (isLink(location.hash)) void open(location.hash);
  else if (before !== null) keep(MINE, '');
}
