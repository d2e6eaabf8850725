import { useEffect, useRef, useState } from 'react';
import { useStore } from '../store/store.ts';

const take = async (files: FileList | null): Promise<void> => {
  // The list is emptied when the event is over.
  const list = [...(files ?? [])];
  const { takeFiles } = await import('./files.ts');
  await takeFiles(list);
};

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** Takes files that are dropped anywhere on the page, and says what became of them. */
export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    // Entering a child leaves its parent: only the difference tells whether the page is left.
    let depth = 0;
    const enter = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      depth++;
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (hasFiles(event) && --depth === 0) setOver(false);
    };
    const hover = (event: DragEvent): void => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      depth = 0;
      setOver(false);
      void take(event.dataTransfer?.files ?? null);
    };
    const listeners = { dragenter: enter, dragleave: leave, dragover: hover, drop } as const;
    for (const [name, listener] of Object.entries(listeners))
      window.addEventListener(name, listener as EventListener, true);
    return () => {
      for (const [name, listener] of Object.entries(listeners))
        window.removeEventListener(name, listener as EventListener, true);
    };
  }, []);
  return (
    <>
      {over && (
        <div className="drop-note" aria-hidden="true">
          <strong>Drop to open</strong>
          <span>a world or snapshot (.json), a kernel's BTF, a .bpf.o or a .bpf.c</span>
        </div>
      )}
      <Became />
    </>
  );
}

/** What became of the file that was last brought. */
function Became() {
  const bringing = useStore((s) => s.bringing);
  if (!bringing) return null;
  return (
    <div className={bringing.ok ? 'banner done' : 'banner'} role={bringing.ok ? 'status' : 'alert'}>
      <span>{bringing.text}</span>
      <span className="spring" />
      <button type="button" className="btn small" onClick={() => useStore.setState({ bringing: null })}>
        Dismiss
      </button>
    </div>
  );
}

/** The same for those who do not drag: a dialog of the browser. */
export function OpenButton() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="btn quiet"
        title="Open a world or snapshot, a kernel's BTF, a .bpf.o or a .bpf.c"
        onClick={() => input.current?.click()}
      >
        Open
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to open"
        onChange={(event) => {
          const { files } = event.target;
          void take(files).finally(() => {
            if (input.current) input.current.value = '';
          });
        }}
      />
    </>
  );
}
