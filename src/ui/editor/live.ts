/**
 * The run in the program's text: breakpoints in the margin, values beside the lines that have run and on
 * hover. Loaded with the features that come after the first key.
 */
import type { VariableValue } from '../../protocol/variables.ts';
import { inTurn } from '../store/following.ts';
import type { BrokenFile } from '../store/line_breaks.ts';
import { isStale } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';
import { monaco } from './monaco.ts';
import type { EditorView } from './view.ts';

type Model = monaco.editor.ITextModel;

/** Values of one line that are shown beside it; the others are on hover. */
const MOST_BESIDE = 3;
const MOST_TEXT = 28;

const shortened = (text: string): string =>
  text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}…`;
const sentence = ({ name, value }: VariableValue): string => `${name} = ${shortened(value)}`;

/** What is worth its room: what the line declares, and what is no address. */
const shownBeside = (line: number, values: readonly VariableValue[]): readonly VariableValue[] =>
  values
    .filter(({ declared, value }) => declared.line === line || !value.startsWith('0x'))
    .sort((a, b) => Number(b.declared.line === line) - Number(a.declared.line === line))
    .slice(0, MOST_BESIDE);

/** Breakpoints, and a program's values, as decorations of the text, kept true while both live. @returns how to end it */
export function showRun(model: Model, file: BrokenFile): () => void {
  let marks: string[] = [];
  const end = (line: number): number => model.getLineMaxColumn(line);
  const isThere = ({ line }: { readonly line: number }): boolean => line <= model.getLineCount();
  const draw = (state: PageState): void => {
    const stops = state.lineBreaks[file].map((line) => ({
      range: new monaco.Range(line, 1, line, 1),
      options: {
        glyphMarginClassName: 'breakpoint',
        glyphMarginHoverMessage: { value: 'Playing pauses before this line.' },
        stickiness: monaco.editor.TrackedRangeStickiness.NeverGrowsWhenTypingAtEdges,
      },
    }));
    const isShown = file === 'program' && !isStale(state) && !state.object;
    const values = (isShown ? (state.machine?.variables?.lines ?? []) : [])
      .filter(isThere)
      .map(({ line, values: all }) => ({ line, shown: shownBeside(line, all) }))
      .filter(({ shown }) => shown.length > 0)
      .map(({ line, shown }) => ({
        range: new monaco.Range(line, end(line), line, end(line)),
        options: {
          showIfCollapsed: true,
          after: {
            content: `  ${shown.map(sentence).join(', ')}`,
            inlineClassName: 'value-beside',
            cursorStops: monaco.editor.InjectedTextCursorStops.None,
          },
        },
      }));
    marks = model.deltaDecorations(marks, [...stops, ...values]);
  };
  const drawNow = (): void => {
    if (!gone) draw(act());
  };
  let gone = false;
  draw(act());
  const leave = useStore.subscribe((state, before) => {
    if (
      state.lineBreaks !== before.lineBreaks ||
      state.machine !== before.machine ||
      state.text !== before.text ||
      state.ran !== before.ran
    )
      inTurn('editor', drawNow);
  });
  // Lines move when text is written above them: breakpoints go along.
  const moved = model.onDidChangeContent(() => {
    const lines = marks
      .filter((id) => model.getDecorationOptions(id)?.glyphMarginClassName === 'breakpoint')
      .flatMap((id) => model.getDecorationRange(id)?.startLineNumber ?? []);
    act().setLineBreaks(file, lines);
  });
  return () => {
    gone = true;
    leave();
    moved.dispose();
  };
}

/** F9, and a click beside the line numbers. */
export function takeBreakpoints(view: EditorView, file: BrokenFile): void {
  view.onMouseDown(({ target }) => {
    const isMargin = target.type === monaco.editor.MouseTargetType.GUTTER_GLYPH_MARGIN;
    if (isMargin && target.position) act().toggleLineBreak(file, target.position.lineNumber);
  });
  view.addAction({
    id: 'iterscope.breakpoint',
    label: 'Breakpoint: pause playing at this line, or no more',
    keybindings: [monaco.KeyCode.F9],
    contextMenuGroupId: 'navigation',
    run: () => {
      const caret = view.getPosition();
      if (caret) act().toggleLineBreak(file, caret.lineNumber);
    },
  });
}

monaco.languages.registerHoverProvider('c', {
  provideHover: (model, position) => {
    const state = act();
    const word = model.getWordAtPosition(position);
    const variables = isStale(state) || state.object ? null : state.machine?.variables;
    if (!word || !variables || model.getValue() !== state.text) return null;
    const beside = variables.lines.find(({ line }) => line === position.lineNumber)?.values ?? [];
    const all = [...variables.now, ...beside];
    const isMeant = ({ name }: VariableValue): boolean =>
      name === word.word || name.startsWith(`${word.word}.`) || name.startsWith(`${word.word}[`);
    const found = new Map(all.filter(isMeant).map((value) => [value.name, value]));
    if (found.size === 0) return null;
    const code = [...found.values()]
      .map(({ name, type, value }) => `${name} = ${value}  // ${type}`)
      .join('\n');
    return { contents: [{ value: `\`\`\`c\n${code}\n\`\`\`` }] };
  },
});
