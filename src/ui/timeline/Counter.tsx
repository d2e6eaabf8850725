import { useState } from 'react';
import { useStore } from '../store/store.ts';

/** `event 26 / 40`; typing a number goes there. */
export function Counter({ call, length }: { readonly call: number; readonly length: number }) {
  const [typed, setTyped] = useState<string | null>(null);
  const go = (): void => {
    const number = Number(typed);
    if (typed !== null && typed.trim() !== '' && Number.isInteger(number)) {
      useStore.getState().jump({ call: number - 1, insn: null });
    }
    setTyped(null);
  };
  return (
    <span>
      <span className="hide-medium">event </span>
      <input
        className="counter"
        aria-label={`Event number, 1 to ${length}`}
        inputMode="numeric"
        style={{ width: `${String(length).length + 2}ch` }}
        value={typed ?? String(call + 1)}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={go}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go();
          if (event.key === 'Escape') setTyped(null);
        }}
      />{' '}
      / {length}
    </span>
  );
}
