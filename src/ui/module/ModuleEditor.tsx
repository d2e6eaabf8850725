import { useEffect, useRef, useState } from 'react';
import type { ProgramEditor } from '../editor/monaco_editor.ts';
import { useEditorLinks } from '../editor/use_editor_links.ts';
import { isStale } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { moduleLine } from './module_line.ts';

/** target.c: the same editor as the program's, with the line of C at which the callback on show ended. */
export function ModuleEditor() {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<ProgramEditor | null>(null);
  useEffect(() => {
    let gone = false;
    let made: ProgramEditor | null = null;
    void import('../editor/monaco_editor.ts').then(({ createProgramEditor }) => {
      const { module } = act();
      if (gone || !host.current || !module) return;
      const field = { text: module.text, start: 0, end: 0, top: 0, left: 0, focused: false };
      made = createProgramEditor(
        host.current,
        field,
        {
          onText: (text) => {
            const now = act().module;
            if (now && now.text !== text) act().setModule({ ...now, text });
          },
          onCaret: (line, column) => useStore.setState({ caret: { line, column } }),
          onFocus: (editing) => useStore.setState({ editing }),
          onLeave: () => document.querySelector<HTMLElement>('[data-keys-home]')?.focus(),
        },
        { language: 'kernel-c', label: 'Kernel code, C' },
      );
      setEditor(made);
    });
    return () => {
      gone = true;
      made?.dispose();
    };
  }, []);
  return (
    <div className="editor-host">
      <div className="monaco-slot" ref={host} />
      {editor && <Links editor={editor} />}
    </div>
  );
}

function Links({ editor }: { readonly editor: ProgramEditor }) {
  const text = useStore((s) => s.module?.text ?? '');
  const path = useStore((s) => s.module?.path ?? '');
  const reveal = useStore((s) => s.moduleReveal);
  const line = useStore((s) => (isStale(s) ? 0 : moduleLine(s)));
  useEditorLinks(editor, { text, path, line, reveal });
  return null;
}
