import { useEffect } from 'react';
import '../theme/looks.css';
import { useStore } from '../store/store.ts';
import { Settings } from './Settings.tsx';

/** Settings and the editors' size of type: loaded once the page is at rest. */
export function LooksPart() {
  const open = useStore((s) => s.settingsOpen);
  useEffect(() => {
    let stop: (() => void) | null = null;
    let gone = false;
    // Monaco comes in its own time.
    void import('./type_size.ts').then(({ followTypeSize }) => {
      if (!gone) stop = followTypeSize();
    });
    return () => {
      gone = true;
      stop?.();
    };
  }, []);
  return open ? <Settings /> : null;
}
