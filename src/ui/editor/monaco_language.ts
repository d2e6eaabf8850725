/**
 * What the compiler knows, in Monaco: each provider turns a question of Monaco's into one of the language
 * worker's, and the answer back. Loaded when the page is idle.
 */
import * as monaco from 'monaco-editor/editor';
import 'monaco-editor/features/codeAction/register';
import 'monaco-editor/features/documentSymbols/register';
import 'monaco-editor/features/gotoSymbol/register';
import 'monaco-editor/features/parameterHints/register';
import 'monaco-editor/features/quickOutline/register';
import 'monaco-editor/features/referenceSearch/register';
import 'monaco-editor/features/rename/register';
import 'monaco-editor/features/semanticTokens/register';
import type { Fix } from '../../protocol/diagnostics.ts';
import type { LanguageSource, NameKind, Stretch } from '../../protocol/language.ts';
import { diagnosticsOf } from '../store/program.ts';
import { askLanguage } from '../store/language.ts';
import { act } from '../store/store.ts';

type Model = monaco.editor.ITextModel;
type ItemKind = monaco.languages.CompletionItemKind;
type SymbolKind = monaco.languages.SymbolKind;

const { CompletionItemKind: Item, SymbolKind: Entry } = monaco.languages;
/** How each kind of name looks in lists, in the outline, and in the text ('' as the tokenizer says). */
const KINDS: Readonly<Record<NameKind, readonly [item: ItemKind, symbol: SymbolKind, token: string]>> = {
  function: [Item.Function, Entry.Function, 'call'],
  helper: [Item.Function, Entry.Function, 'call'],
  kfunc: [Item.Interface, Entry.Function, 'call'],
  variable: [Item.Variable, Entry.Variable, 'text'],
  map: [Item.Module, Entry.Module, 'text'],
  parameter: [Item.Variable, Entry.Variable, 'text'],
  member: [Item.Field, Entry.Field, 'text'],
  type: [Item.Class, Entry.Class, 'type'],
  struct: [Item.Struct, Entry.Struct, 'type'],
  enum: [Item.Enum, Entry.Enum, 'type'],
  enumerator: [Item.EnumMember, Entry.EnumMember, 'number'],
  macro: [Item.Constant, Entry.Constant, 'macro'],
  label: [Item.Reference, Entry.Key, 'text'],
  keyword: [Item.Keyword, Entry.Key, 'keyword'],
  section: [Item.Value, Entry.String, 'string'],
  header: [Item.File, Entry.File, 'string'],
};
const TOKENS = [...new Set(Object.values(KINDS).map(([, , token]) => token))];

const sourceOf = (model: Model): LanguageSource => ({ path: act().path, text: model.getValue() });
const placeOf = (model: Model, position: monaco.IPosition) => ({
  source: sourceOf(model),
  at: model.getOffsetAt(position),
});
const rangeOf = (model: Model, { start, end }: Stretch): monaco.Range =>
  monaco.Range.fromPositions(model.getPositionAt(start), model.getPositionAt(end));
const code = (text: string): monaco.IMarkdownString => ({ value: `\`\`\`c\n${text}\n\`\`\`` });

/** Texts that are only looked at, one model for each path. */
function shownModel(path: string, text: string): Model {
  const uri = monaco.Uri.from({ scheme: 'shown', path: `/${path}` });
  const old = monaco.editor.getModel(uri);
  if (!old) return monaco.editor.createModel(text, 'c', uri);
  if (old.getValue() !== text) old.setValue(text);
  return old;
}
/** Only the program is asked about. */
const isShown = (model: Model): boolean => model.uri.scheme === 'shown';

const { languages } = monaco;

/** Where a character asks for names: it is also a division, a comparison or the end of a comment. */
const OPENS: Readonly<Record<string, RegExp>> = {
  '>': /->$/,
  '<': /^\s*#\s*include\s*<$/,
  '"': /(^\s*#\s*include\s*"|\bSEC\s*\(\s*")$/,
  '/': /(^\s*#\s*include\s*[<"][^>"]*|\bSEC\s*\(\s*"[^"]*)$/,
};
const opensNames = (typed: string, before: string): boolean => OPENS[typed]?.test(before) ?? true;

languages.registerHoverProvider('c', {
  provideHover: async (model, position) => {
    const found = isShown(model) ? null : await askLanguage('hover', placeOf(model, position));
    if (!found) return null;
    const contents = [code(found.code), ...(found.text === '' ? [] : [{ value: found.text }])];
    return { range: rangeOf(model, found), contents };
  },
});

languages.registerCompletionItemProvider('c', {
  triggerCharacters: ['.', '>', '"', '/', '<', '#'],
  provideCompletionItems: async (model, position, { triggerCharacter }) => {
    const before = model.getLineContent(position.lineNumber).slice(0, position.column - 1);
    if (triggerCharacter !== undefined && !opensNames(triggerCharacter, before)) return { suggestions: [] };
    const found = await askLanguage('completions', placeOf(model, position));
    if (!found) return { suggestions: [] };
    const range = rangeOf(model, found);
    return {
      incomplete: found.incomplete,
      suggestions: found.items.map(({ label, kind, detail, text }) => ({
        label,
        kind: KINDS[kind][0],
        detail,
        documentation: text,
        insertText: label,
        range,
      })),
    };
  },
});

languages.registerSignatureHelpProvider('c', {
  signatureHelpTriggerCharacters: ['(', ','],
  provideSignatureHelp: async (model, position) => {
    const found = await askLanguage('signature', placeOf(model, position));
    if (!found) return null;
    const { label, params, active, text } = found;
    const parameters = params.map(({ start, end }) => ({ label: [start, end] as [number, number] }));
    return {
      value: {
        signatures: [{ label, parameters, documentation: text }],
        activeSignature: 0,
        activeParameter: active,
      },
      dispose: () => undefined,
    };
  },
});

languages.registerDefinitionProvider('c', {
  provideDefinition: async (model, position) => {
    const found = isShown(model) ? null : await askLanguage('definition', placeOf(model, position));
    if (!found) return null;
    const target = found.kind === 'here' ? model : shownModel(found.path, found.text);
    return { uri: target.uri, range: rangeOf(target, found) };
  },
});
// A text that is only shown has no editor of its own: it opens inside this one.
monaco.editor.registerEditorOpener({
  openCodeEditor: (editor, uri) => {
    if (uri.scheme !== 'shown') return false;
    editor.trigger('iterscope', 'editor.action.peekDefinition', null);
    return true;
  },
});

languages.registerReferenceProvider('c', {
  provideReferences: async (model, position) => {
    const found = isShown(model) ? null : await askLanguage('references', placeOf(model, position));
    return (found ?? []).map((place) => ({ uri: model.uri, range: rangeOf(model, place) }));
  },
});

languages.registerRenameProvider('c', {
  resolveRenameLocation: async (model, position) => {
    const found = await askLanguage('rename', placeOf(model, position));
    const none = { range: monaco.Range.fromPositions(position), text: '' };
    if (!found) return { ...none, rejectReason: 'There is no name here.' };
    if (found.refused !== '') return { ...none, rejectReason: found.refused };
    return { range: rangeOf(model, found), text: found.name };
  },
  provideRenameEdits: async (model, position, name) => {
    const found = await askLanguage('rename', placeOf(model, position));
    if (!/^[A-Za-z_]\w*$/.test(name)) return { edits: [], rejectReason: `'${name}' is no name of C` };
    if (!found || found.refused !== '') return { edits: [], rejectReason: found?.refused ?? 'Try again.' };
    return {
      edits: found.places.map((place) => ({
        resource: model.uri,
        versionId: model.getVersionId(),
        textEdit: { range: rangeOf(model, place), text: name },
      })),
    };
  },
});

languages.registerDocumentSymbolProvider('c', {
  provideDocumentSymbols: async (model) => {
    const found = isShown(model) ? null : await askLanguage('symbols', { source: sourceOf(model) });
    return (found ?? []).map((symbol) => ({
      name: symbol.name,
      detail: symbol.detail,
      kind: KINDS[symbol.kind][1],
      tags: [],
      range: rangeOf(model, symbol.whole),
      selectionRange: rangeOf(model, symbol),
    }));
  },
});

languages.registerFoldingRangeProvider('c', {
  provideFoldingRanges: async (model) => {
    const found = await askLanguage('folds', { source: sourceOf(model) });
    return found?.map(({ first, last, kind }) => ({
      start: first,
      end: last,
      ...(kind === 'comment' && { kind: languages.FoldingRangeKind.Comment }),
    }));
  },
});

languages.registerDocumentSemanticTokensProvider('c', {
  getLegend: () => ({ tokenTypes: TOKENS, tokenModifiers: [] }),
  provideDocumentSemanticTokens: async (model) => {
    const found = isShown(model) ? null : await askLanguage('tokens', { source: sourceOf(model) });
    if (!found) return null;
    const data: number[] = [];
    let before = { lineNumber: 1, column: 1 };
    for (const { start, end, kind } of found) {
      const at = model.getPositionAt(start);
      const lines = at.lineNumber - before.lineNumber;
      const columns = lines === 0 ? at.column - before.column : at.column - 1;
      data.push(lines, columns, end - start, TOKENS.indexOf(KINDS[kind][2]), 0);
      before = at;
    }
    return { data: new Uint32Array(data) };
  },
  releaseDocumentSemanticTokens: () => undefined,
});

const editsOf = (model: Model, { edits }: Fix): monaco.languages.IWorkspaceTextEdit[] =>
  edits.map(({ line, column, endLine, endColumn, text }) => ({
    resource: model.uri,
    versionId: model.getVersionId(),
    textEdit: { range: new monaco.Range(line, column, endLine, endColumn), text },
  }));

languages.registerCodeActionProvider('c', {
  provideCodeActions: (model, range, { markers }) => {
    const near = diagnosticsOf(act()).filter(
      (d) => d.fixes && d.line <= range.endLineNumber && d.endLine >= range.startLineNumber,
    );
    const actions = near.flatMap((d) =>
      (d.fixes ?? []).map((fix) => ({
        title: fix.title,
        kind: 'quickfix',
        isPreferred: d.fixes?.length === 1,
        diagnostics: markers.filter((m) => m.startLineNumber === d.line && m.startColumn === d.column),
        edit: { edits: editsOf(model, fix) },
      })),
    );
    return { actions, dispose: () => undefined };
  },
});
