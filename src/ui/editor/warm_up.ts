/**
 * The first key and the first list of names are as quick as the later ones: what answers them has run before,
 * in an editor that stands in no document. Each part of it is done when the page is at rest.
 *
 * The browser compiles a function when it is first called, and the hundreds behind one key would be a task of
 * their own; so would a dozen rows of the list.
 */
import { monaco } from './monaco.ts';
import { openView } from './view.ts';
import type { EditorView } from './view.ts';

/** Asked by no one but this editor. */
const SCHEME = 'warm-up';
const TEXT = 'int first(void)\n{\n\treturn 0;\n}\n';
/** Rows that a list shows at once, and some that it does not. */
const NAMES = Array.from({ length: 24 }, (_, i) => `name_${i}`);
const SIZE = { width: 360, height: 480 };
/** Until the list is there: it is asked for, and drawn with the next frame. */
const LIST_MS = 300;

const nothing = (): void => undefined;
const silent = { onText: nothing, onCaret: nothing, onFocus: nothing, onLeave: nothing };

const atRest = (): Promise<void> =>
  new Promise((done) => {
    if (window.requestIdleCallback) window.requestIdleCallback(() => done());
    else setTimeout(done, LIST_MS);
  });

const KEYS: readonly ((view: EditorView) => void)[] = [
  (view) => view.setPosition({ lineNumber: 3, column: 11 }),
  (view) => view.trigger('keyboard', 'type', { text: '\n' }),
  (view) => view.trigger('keyboard', 'type', { text: '(' }),
  (view) => view.trigger('keyboard', 'type', { text: 'n' }),
  (view) => view.trigger('keyboard', 'deleteLeft', null),
  (view) => view.trigger('keyboard', 'type', { text: 'name' }),
  (view) => view.trigger('keyboard', 'editor.action.triggerSuggest', null),
];

/** Call it once, when the features that load later are there. */
export async function warmUp(): Promise<void> {
  await atRest();
  const model = monaco.editor.createModel(TEXT, 'other-c', monaco.Uri.from({ scheme: SCHEME, path: '/c' }));
  const names = monaco.languages.registerCompletionItemProvider(
    { scheme: SCHEME },
    {
      provideCompletionItems: (_, position) => ({
        suggestions: NAMES.map((label) => ({
          label,
          detail: 'int',
          kind: monaco.languages.CompletionItemKind.Function,
          insertText: label,
          range: monaco.Range.fromPositions(position),
        })),
      }),
    },
  );
  const view = openView(document.createElement('div'), model, 'Not shown', silent, true);
  view.layout(SIZE);
  for (const press of KEYS) {
    await atRest();
    press(view);
  }
  await new Promise((done) => setTimeout(done, LIST_MS));
  await atRest();
  view.dispose();
  names.dispose();
  model.dispose();
  // For whoever measures: from here on keys are as quick as they get.
  performance.mark('editor warm');
}
