import { useEffect } from 'react';
import { createPortal } from 'react-dom';
import { useStore } from '../store/store.ts';
import { bringBack, startAddress, useLink } from './address.ts';
import { ShareDialog } from './ShareDialog.tsx';

let started = false;

/**
 * Sharing, as a part of the page that is loaded after what edits: the address, the dialog, the way back.
 * `notes` is the id of the element that takes its messages.
 */
export function SharePart({ notes }: { readonly notes: string }) {
  const open = useStore((s) => s.shareOpen);
  useEffect(() => {
    if (!started) startAddress();
    started = true;
  }, []);
  return (
    <>
      <BeforeLink notes={notes} />
      {open && <ShareDialog />}
    </>
  );
}

/** Says that the user's own program is kept while a link's is in the editor. */
function BeforeLink({ notes }: { readonly notes: string }) {
  const mine = useLink((s) => s.mine);
  const place = document.getElementById(notes);
  if (!mine || !place) return null;
  return createPortal(
    <div className="banner link-note" role="status">
      <span>This program came with a link. Yours, {mine.path}, is kept.</span>
      <span className="spring" />
      <button type="button" className="btn small" onClick={bringBack}>
        Bring mine back
      </button>
      <button type="button" className="btn small" onClick={() => useLink.setState({ mine: null })}>
        Dismiss
      </button>
    </div>,
    place,
  );
}
