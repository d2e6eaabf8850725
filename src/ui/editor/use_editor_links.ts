/** Carries what the rest of the page says of a file into the editor that shows it. */
import { useEffect } from 'react';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { diagnosticsOf } from '../store/program.ts';
import { useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { useMedia } from '../widgets/use_media.ts';
import type { ProgramEditor } from './monaco_editor.ts';

export interface Shown {
  readonly text: string;
  readonly path: string;
  /** Line to light, from 1; 0: none. */
  readonly line: number;
  readonly reveal: PageState['reveal'];
  /** What is said of it; by default, what is said of the program. */
  readonly diagnostics?: readonly Diagnostic[];
}

export function useEditorLinks(
  editor: ProgramEditor,
  { text, path, line, reveal, diagnostics: given }: Shown,
): void {
  const theme = useStore((s) => s.theme);
  const ofProgram = useStore(diagnosticsOf);
  const diagnostics = given ?? ofProgram;
  const systemDark = useMedia('(prefers-color-scheme: dark)');

  useEffect(() => editor.setText(text), [editor, text]);
  useEffect(() => editor.setMarkers(path, diagnostics), [editor, path, diagnostics]);
  useEffect(() => editor.setCurrentLine(line), [editor, line]);
  useEffect(() => {
    if (reveal) editor.reveal(reveal.line, reveal.column);
  }, [editor, reveal]);
  useEffect(
    () => editor.setTheme(theme === 'system' ? systemDark : theme === 'dark'),
    [editor, theme, systemDark],
  );
}
