/**
 * At most one player plays on a page. Players of one origin tell each other over a channel; in a frame
 * without an origin there is none, so the page around them hears of it and may say `iterscope:pause`.
 */
import { useStore } from '../store/store.ts';
import { tellParent } from './parent.ts';

export function onlyOnePlays(): void {
  const pause = (): void => useStore.getState().pause();
  let channel: BroadcastChannel | null = null;
  try {
    channel = new BroadcastChannel('iterscope-playing');
    channel.addEventListener('message', pause);
  } catch {
    // No channel without an origin: the parent's message is left.
  }
  useStore.subscribe((state, before) => {
    if (!state.playing || before.playing) return;
    // A channel stays within its origin; it takes no other.
    // eslint-disable-next-line unicorn/require-post-message-target-origin
    channel?.postMessage('playing');
    tellParent({ type: 'iterscope:playing' });
  });
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (event.source !== window.parent) return;
    const { data } = event;
    if (typeof data === 'object' && data !== null && 'type' in data && data.type === 'iterscope:pause')
      pause();
  });
}
