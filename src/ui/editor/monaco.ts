/**
 * Monaco, in parts: the editor core and C come first; find, folding and the like are added when the page
 * is idle. Loaded as its own chunk, after the page is usable.
 */
import { tokenColour } from '../theme/colour.ts';
import * as monaco from 'monaco-editor/editor';
import './later_services.ts';
import EditorWorker from 'monaco-editor/editor/editor.worker?worker';
import { configuration, language } from './c_language.ts';

declare global {
  interface Window {
    MonacoEnvironment?: { getWorker: () => Worker };
  }
}
window.MonacoEnvironment = { getWorker: () => new EditorWorker({ name: 'editor' }) };

// What the editor no longer wants it rejects as canceled, and of some of it nobody waits to hear.
window.addEventListener('unhandledrejection', (event) => {
  if (event.reason instanceof Error && event.reason.name === 'Canceled') event.preventDefault();
});

// Kernel code and readers look the same; what the compiler knows of a program does not hold for them.
for (const id of ['c', 'other-c']) {
  monaco.languages.register({ id });
  monaco.languages.setLanguageConfiguration(id, configuration);
  monaco.languages.setMonarchTokensProvider(id, language);
}

export { monaco };

type Live = typeof import('./live.ts');
let live: Live | null = null;
/** The run in the text, once the features that load later are there. */
export const liveParts = (): Live | null => live;

/** What is not needed for the first key. */
export async function loadLaterFeatures(): Promise<void> {
  await Promise.all([import('./monaco_features.ts'), import('./monaco_language.ts')]);
  live = await import('./live.ts');
  // Their own colours are among the styles only from the next theme on.
  if (themed !== null) applyTheme(themed);
}

/** A custom property's colour as Monaco wants it. */
function colour(name: string): string {
  const [r = 0, g = 0, b = 0] = (tokenColour(name).match(/[\d.]+/g) ?? []).map(Number);
  return '#' + [r, g, b].map((c) => Math.round(c).toString(16).padStart(2, '0')).join('');
}

const TOKENS: Readonly<Record<string, string>> = {
  keyword: '--c-keyword',
  type: '--c-type',
  call: '--c-call',
  macro: '--c-macro',
  string: '--c-string',
  escape: '--c-macro',
  number: '--c-number',
  comment: '--c-comment',
  text: '--tx',
  delimiter: '--tx-2',
};

/** Whether the theme that was applied last is dark, or null. */
let themed: boolean | null = null;

/** Takes the colours that the tokens have now; call again when the theme changes. */
export function applyTheme(dark: boolean): void {
  themed = dark;
  monaco.editor.defineTheme('iterscope', {
    base: dark ? 'vs-dark' : 'vs',
    inherit: true,
    rules: Object.entries(TOKENS).map(([token, name]) => ({ token, foreground: colour(name).slice(1) })),
    colors: {
      'editor.background': colour('--s1'),
      'editor.foreground': colour('--tx'),
      'editorLineNumber.foreground': colour('--tx-3'),
      'editorLineNumber.activeForeground': colour('--tx'),
      'editorCursor.foreground': colour('--accent'),
      'editor.lineHighlightBackground': colour('--s2'),
      'editor.lineHighlightBorder': colour('--s2'),
      'editorWidget.background': colour('--s2'),
      'editorWidget.border': colour('--line-2'),
      'editorGutter.background': colour('--s1'),
      'editorError.foreground': colour('--gone'),
      'editorWarning.foreground': colour('--current'),
      'scrollbarSlider.background': colour('--line'),
      'scrollbarSlider.hoverBackground': colour('--line-2'),
      'scrollbarSlider.activeBackground': colour('--line-2'),
      focusBorder: colour('--accent'),
      // Brackets keep one colour at every depth.
      ...Object.fromEntries(
        [1, 2, 3, 4, 5, 6].map((depth) => [`editorBracketHighlight.foreground${depth}`, colour('--tx')]),
      ),
    },
  });
  monaco.editor.setTheme('iterscope');
}
