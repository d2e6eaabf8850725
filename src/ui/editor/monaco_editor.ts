/**
 * One Monaco editor over the program text of the store. Text flows both ways; findings become markers and
 * the moment's source line a decoration.
 */
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { applyTheme, loadLaterFeatures, monaco } from './monaco.ts';
import type { FieldState } from './handover.ts';

export interface EditorEvents {
  readonly onText: (text: string) => void;
  readonly onCaret: (line: number, column: number) => void;
  readonly onFocus: (focused: boolean) => void;
  /** Esc was pressed with nothing of the editor's open. */
  readonly onLeave: () => void;
}

/** What is edited: its language as Monaco knows it, and what it is called. */
export interface EditedText {
  readonly language: 'c' | 'kernel-c';
  readonly label: string;
}
const PROGRAM: EditedText = { language: 'c', label: 'Program, C' };

export interface ProgramEditor {
  setText: (text: string) => void;
  setMarkers: (path: string, diagnostics: readonly Diagnostic[]) => void;
  /** Marks the line of the current instruction; 0 for none. */
  setCurrentLine: (line: number) => void;
  reveal: (line: number, column: number) => void;
  setTheme: (dark: boolean) => void;
  dispose: () => void;
}

const SEVERITY = {
  error: monaco.MarkerSeverity.Error,
  warning: monaco.MarkerSeverity.Warning,
  note: monaco.MarkerSeverity.Info,
} as const;

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Creates the editor inside `host` with the text, selection, scroll and focus of `field`. */
export function createProgramEditor(
  host: HTMLElement,
  field: FieldState,
  events: EditorEvents,
  { language, label } = PROGRAM,
): ProgramEditor {
  const model = monaco.editor.createModel(field.text, language);
  model.updateOptions({
    tabSize: 8,
    insertSpaces: false,
    bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
  });
  const editor = monaco.editor.create(host, {
    model,
    automaticLayout: true,
    fontFamily: '"JetBrains Mono", ui-monospace, Menlo, Consolas, monospace',
    fontLigatures: false,
    fontSize: 12,
    lineHeight: 20,
    padding: { top: 8, bottom: 8 },
    minimap: { enabled: false },
    lineNumbersMinChars: 4,
    lineDecorationsWidth: 12,
    scrollBeyondLastLine: false,
    overviewRulerLanes: 0,
    renderLineHighlight: 'none',
    guides: { indentation: false },
    folding: false,
    bracketPairColorization: { enabled: false },
    stickyScroll: { enabled: false },
    ariaLabel: `${label}. Escape leaves the editor.`,
    accessibilitySupport: 'auto',
    'semanticHighlighting.enabled': true,
    wordBasedSuggestions: 'off',
    fixedOverflowWidgets: true,
    unicodeHighlight: { ambiguousCharacters: false },
  });
  editor.setSelection(
    monaco.Selection.fromPositions(model.getPositionAt(field.start), model.getPositionAt(field.end)),
  );
  editor.setScrollTop(field.top);
  editor.setScrollLeft(field.left);
  if (field.focused) editor.focus();

  const current = editor.createDecorationsCollection();
  editor.onDidChangeModelContent(() => events.onText(model.getValue()));
  editor.onDidChangeCursorPosition((e) => events.onCaret(e.position.lineNumber, e.position.column));
  editor.onDidFocusEditorText(() => events.onFocus(true));
  editor.onDidBlurEditorText(() => events.onFocus(false));
  editor.addAction({
    id: 'iterscope.leave',
    label: 'Leave the editor',
    keybindings: [monaco.KeyCode.Escape],
    precondition:
      '!suggestWidgetVisible && !findWidgetVisible && !editorHasMultipleSelections && !markersNavigationVisible && ' +
      '!parameterHintsVisible && !renameInputVisible && !codeActionMenuVisible && !referenceSearchVisible && ' +
      '!editorHoverVisible && !inSnippetMode',
    run: () => events.onLeave(),
  });
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 300));
  idle(() => void loadLaterFeatures().then(() => editor.updateOptions({ folding: true })));

  return {
    setText: (text) => {
      if (text !== model.getValue()) model.setValue(text);
    },
    setMarkers: (path, diagnostics) => {
      monaco.editor.setModelMarkers(
        model,
        'iterscope',
        diagnostics
          .filter((d) => d.line > 0 && baseName(d.file) === baseName(path))
          .map((d) => ({
            severity: SEVERITY[d.severity],
            source: d.source,
            message: [d.message, ...d.notes].join('\n'),
            startLineNumber: d.line,
            startColumn: d.column,
            endLineNumber: Math.max(d.line, d.endLine),
            endColumn: d.endLine > d.line ? d.endColumn : Math.max(d.column + 1, d.endColumn),
          })),
      );
    },
    setCurrentLine: (line) => {
      if (line <= 0 || line > model.getLineCount()) return current.clear();
      current.set([
        {
          range: new monaco.Range(line, 1, line, 1),
          options: {
            isWholeLine: true,
            className: 'line-current',
            lineNumberClassName: 'line-current-number',
          },
        },
      ]);
      editor.revealLineInCenterIfOutsideViewport(line);
    },
    reveal: (line, column) => {
      editor.revealLineInCenter(line);
      editor.setPosition({ lineNumber: line, column });
      editor.focus();
    },
    setTheme: applyTheme,
    dispose: () => {
      editor.dispose();
      model.dispose();
    },
  };
}
