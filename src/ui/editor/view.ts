/** One view of the program: a Monaco editor with the page's looks, whose events are handed on. */
import { monaco } from './monaco.ts';

export interface EditorEvents {
  readonly onText: (text: string) => void;
  readonly onCaret: (line: number, column: number) => void;
  readonly onFocus: (focused: boolean) => void;
  /** Esc was pressed with nothing of the editor's open. */
  readonly onLeave: () => void;
}

export type EditorView = monaco.editor.IStandaloneCodeEditor;

/** Context keys of what Esc closes first. */
const CLOSED_BY_ESC = [
  'suggestWidgetVisible',
  'findWidgetVisible',
  'editorHasMultipleSelections',
  'markersNavigationVisible',
  'parameterHintsVisible',
  'renameInputVisible',
  'codeActionMenuVisible',
  'referenceSearchVisible',
  'editorHoverVisible',
  'inSnippetMode',
];

/** Findings appear below the text and make the view lower: the caret's line stays in it. */
function keepCaretInView(view: EditorView): void {
  let { height } = view.getLayoutInfo();
  view.onDidLayoutChange((layout) => {
    const caret = view.getPosition();
    const bottom = caret ? view.getBottomForLineNumber(caret.lineNumber) - view.getScrollTop() : 0;
    if (caret && bottom <= height && bottom > layout.height) view.revealPosition(caret, IMMEDIATE);
    height = layout.height;
  });
}
const IMMEDIATE = monaco.editor.ScrollType.Immediate;

/**
 * @param label what is edited, in words
 * @param complete the features that load later are there
 */
export function openView(
  host: HTMLElement,
  model: monaco.editor.ITextModel,
  label: string,
  events: EditorEvents,
  complete: boolean,
): EditorView {
  const view = monaco.editor.create(host, {
    model,
    automaticLayout: true,
    // Kernel style, but narrower: the pane has room for half of a line.
    tabSize: 4,
    insertSpaces: false,
    detectIndentation: false,
    fontFamily: '"JetBrains Mono", ui-monospace, Menlo, Consolas, monospace',
    fontLigatures: false,
    fontSize: 12,
    lineHeight: 20,
    padding: { top: 8, bottom: 8 },
    minimap: { enabled: false },
    glyphMargin: true,
    lineNumbersMinChars: 3,
    // The controls for folding add the difference.
    lineDecorationsWidth: complete ? 4 : 20,
    scrollBeyondLastLine: false,
    overviewRulerLanes: 0,
    renderLineHighlight: 'none',
    scrollbar: { verticalScrollbarSize: 8, horizontalScrollbarSize: 8, useShadows: false },
    guides: { indentation: false },
    folding: complete,
    bracketPairColorization: { enabled: false },
    stickyScroll: { enabled: false },
    ariaLabel: `${label}. Escape leaves the editor.`,
    accessibilitySupport: 'auto',
    'semanticHighlighting.enabled': true,
    wordBasedSuggestions: 'off',
    fixedOverflowWidgets: true,
    unicodeHighlight: { ambiguousCharacters: false },
  });
  view.onDidChangeModelContent(() => events.onText(model.getValue()));
  view.onDidChangeCursorPosition((e) => events.onCaret(e.position.lineNumber, e.position.column));
  view.onDidFocusEditorText(() => events.onFocus(true));
  view.onDidBlurEditorText(() => events.onFocus(false));
  keepCaretInView(view);
  view.addAction({
    id: 'iterscope.leave',
    label: 'Leave the editor',
    keybindings: [monaco.KeyCode.Escape],
    precondition: CLOSED_BY_ESC.map((key) => `!${key}`).join(' && '),
    run: () => events.onLeave(),
  });
  return view;
}
