import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useFollowing } from '../store/following.ts';
import { currentInsn } from '../store/insn.ts';
import { isStale } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { Diagnostics } from './Diagnostics.tsx';
import { giveField, takeField } from './handover.ts';
import type { FieldState } from './handover.ts';
import type { ProgramEditor } from './monaco_editor.ts';
import { useEditorLinks } from './use_editor_links.ts';

interface Props {
  /** Where the user was in the field that this one replaces. */
  readonly field: FieldState;
  readonly onFieldChange: (field: FieldState) => void;
}
interface PaneProps extends Props {
  /** Names of the files that can be edited. */
  readonly tabs: ReactNode;
  /** The editor of another file, in front of the program; null: the program is on show. */
  readonly other: ReactNode;
}

/** The program. A plain textarea until Monaco is there; then Monaco goes on at the same caret. */
export function EditorPane({ field, onFieldChange, tabs, other }: PaneProps) {
  return (
    <section className="pane with-editor" aria-label="Program">
      <div className="tabs">{tabs}</div>
      <InsteadOfText />
      <div className="editor-front" hidden={other !== null}>
        <ProgramField field={field} onFieldChange={onFieldChange} />
      </div>
      {other}
      <Diagnostics />
      <EditorFoot />
    </section>
  );
}

/** An object that is run instead of the text, and the way back. */
function InsteadOfText() {
  const object = useStore((s) => s.object);
  if (!object) return null;
  return (
    <div className="banner done" role="status">
      <span>
        <b>{object.path}</b> is run, not this text.
      </span>
      <span className="spring" />
      <button type="button" className="btn small" onClick={() => act().bringObject(null)}>
        Back to the text
      </button>
    </div>
  );
}

function ProgramField({ field, onFieldChange }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const [editor, setEditor] = useState<ProgramEditor | null>(null);
  const text = useStore((s) => s.text);
  const setText = useStore((s) => s.setText);

  useEffect(() => {
    if (area.current) giveField(area.current, field);
    let gone = false;
    let made: ProgramEditor | null = null;
    void import('./monaco_editor.ts').then(({ createProgramEditor }) => {
      if (gone || !host.current || !area.current) return;
      const state = takeField(area.current);
      made = createProgramEditor(host.current, state, {
        onText: (next) => useStore.getState().setText(next),
        onCaret: (line, column) => useStore.setState({ caret: { line, column } }),
        onFocus: (focused) => useStore.setState({ editing: focused }),
        onLeave: () => document.querySelector<HTMLElement>('[data-keys-home]')?.focus(),
      });
      setEditor(made);
    });
    return () => {
      gone = true;
      const state = act();
      onFieldChange({ ...field, text: state.text, focused: false });
      made?.dispose();
    };
    // The field is only where the editor begins.
    // eslint-disable-next-line react/exhaustive-deps
  }, []);

  return (
    <div className="editor-host">
      <div className="monaco-slot" ref={host} />
      {editor === null ? (
        <textarea
          ref={area}
          className="program"
          aria-label="Program, C"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      ) : (
        <EditorLinks editor={editor} />
      )}
    </div>
  );
}

const lineOf = (state: PageState): number =>
  isStale(state) || state.object ? 0 : (currentInsn(state)?.info?.line ?? 0);
const pcOf = (state: PageState): number => currentInsn(state)?.pc ?? -1;

function EditorLinks({ editor }: { readonly editor: ProgramEditor }) {
  const text = useStore((s) => s.text);
  const path = useStore((s) => s.path);
  const reveal = useStore((s) => s.reveal);
  const line = useFollowing('editor', lineOf);
  useEditorLinks(editor, { text, path, line, reveal });
  return null;
}

function EditorFoot() {
  const caret = useStore((s) => s.caret);
  const editing = useStore((s) => s.editing);
  const insn = useFollowing('editor', pcOf);
  const total = useStore((s) => s.result?.program?.insns.length ?? 0);
  return (
    <div className="editor-foot">
      <span>
        Ln {caret.line}, Col {caret.column}
      </span>
      <span>C · BPF</span>
      {editing && <span>Esc leaves the editor</span>}
      <span className="spring" />
      {insn >= 0 && (
        <span className="at-insn">
          insn {insn} of {total}
        </span>
      )}
    </div>
  );
}
