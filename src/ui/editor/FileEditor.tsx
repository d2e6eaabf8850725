import { useEffect, useRef, useState } from 'react';
import { useStore } from '../store/store.ts';
import type { EditedText, ProgramEditor } from './monaco_editor.ts';
import { useEditorLinks } from './use_editor_links.ts';
import type { Shown } from './use_editor_links.ts';

interface Props extends Shown, EditedText {
  readonly onText: (text: string) => void;
}

/** C beside the program: the same editor, which colours it, shows findings, the line on show and breakpoints. */
export function FileEditor({ file, label, onText, ...shown }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<ProgramEditor | null>(null);
  /** As the last render has them, for an editor that is made once. */
  const now = useRef({ text: shown.text, onText });
  useEffect(() => {
    now.current = { text: shown.text, onText };
  });
  useEffect(() => {
    let gone = false;
    let made: ProgramEditor | null = null;
    void import('./monaco_editor.ts').then(({ createProgramEditor }) => {
      if (gone || !host.current) return;
      const field = { text: now.current.text, start: 0, end: 0, top: 0, left: 0, focused: false };
      made = createProgramEditor(
        host.current,
        field,
        {
          onText: (text) => {
            if (text !== now.current.text) now.current.onText(text);
          },
          onCaret: (line, column) => useStore.setState({ caret: { line, column } }),
          onFocus: (editing) => useStore.setState({ editing }),
          onLeave: () => document.querySelector<HTMLElement>('[data-keys-home]')?.focus(),
        },
        { file, label },
      );
      setEditor(made);
    });
    return () => {
      gone = true;
      made?.dispose();
    };
  }, [file, label]);
  return (
    <div className="editor-host">
      <div className="monaco-slot" ref={host} />
      {editor && <Links editor={editor} shown={shown} />}
    </div>
  );
}

function Links({ editor, shown }: { readonly editor: ProgramEditor; readonly shown: Shown }) {
  useEditorLinks(editor, shown);
  return null;
}
