/**
 * One Monaco editor over the program text of the store. Text flows both ways; findings become markers and
 * the moment's source line a decoration.
 */
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { BrokenFile } from '../store/line_breaks.ts';
import type { FieldState } from './handover.ts';
import { applyTheme, liveParts, loadLaterFeatures, monaco } from './monaco.ts';
import { openView } from './view.ts';
import type { EditorEvents, EditorView } from './view.ts';

/** What is edited: its language as Monaco knows it, and what it is called. */
export interface EditedText {
  readonly file: BrokenFile;
  readonly label: string;
}
const PROGRAM: EditedText = { file: 'program', label: 'Program, C' };

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

const CURRENT: monaco.editor.IModelDecorationOptions = {
  isWholeLine: true,
  className: 'line-current',
  lineNumberClassName: 'line-current-number',
};

/** Between two looks whether a key is being composed or the pointer held down. */
const REST_MS = 200;
const whenIdle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 300));

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Creates the editor inside `host` with the text, selection, scroll and focus of `field`. */
export function createProgramEditor(
  host: HTMLElement,
  field: FieldState,
  events: EditorEvents,
  { file, label } = PROGRAM,
): ProgramEditor {
  const model = monaco.editor.createModel(field.text, file === 'program' ? 'c' : 'other-c');
  const open = (): EditorView => {
    const made = openView(host, model, label, events, liveParts() !== null);
    // A new view gives its models the settings of no view in particular.
    model.updateOptions({
      bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
    });
    liveParts()?.takeBreakpoints(made, file);
    return made;
  };
  const follow = (): (() => void) | undefined => liveParts()?.showRun(model, file);
  let view = open();
  let unfollow = follow();
  view.setSelection(
    monaco.Selection.fromPositions(model.getPositionAt(field.start), model.getPositionAt(field.end)),
  );
  view.setScrollTop(field.top);
  view.setScrollLeft(field.left);
  if (field.focused) view.focus();

  /** A view takes its features when it is made: a new one takes those that came since, and goes on where this one was. */
  const renew = (): void => {
    const [state, focused] = [view.saveViewState(), view.hasTextFocus()];
    view.dispose();
    view = open();
    unfollow ??= follow();
    view.restoreViewState(state);
    if (focused) view.focus();
  };
  let gone = false;
  const renewAtRest = (): void => {
    if (gone) return;
    if (view.inComposition || host.matches(':active')) setTimeout(renewAtRest, REST_MS);
    else {
      renew();
      void import('./warm_up.ts').then(({ warmUp }) => warmUp());
    }
  };
  if (!liveParts()) whenIdle(() => void loadLaterFeatures().then(() => whenIdle(renewAtRest)));

  let marks: string[] = [];
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
            ...(d.flag !== undefined && { code: d.flag }),
            startLineNumber: d.line,
            startColumn: d.column,
            endLineNumber: Math.max(d.line, d.endLine),
            endColumn: d.endLine > d.line ? d.endColumn : Math.max(d.column + 1, d.endColumn),
          })),
      );
    },
    setCurrentLine: (line) => {
      const isThere = line > 0 && line <= model.getLineCount();
      const range = new monaco.Range(line, 1, line, 1);
      // The mark belongs to the text, whatever view shows it.
      marks = model.deltaDecorations(marks, isThere ? [{ range, options: CURRENT }] : []);
      if (isThere) view.revealLineInCenterIfOutsideViewport(line);
    },
    reveal: (line, column) => {
      view.revealLineInCenter(line);
      view.setPosition({ lineNumber: line, column });
      view.focus();
    },
    setTheme: applyTheme,
    dispose: () => {
      gone = true;
      unfollow?.();
      view.dispose();
      model.dispose();
    },
  };
}
