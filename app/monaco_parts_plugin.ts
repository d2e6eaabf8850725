/**
 * Leaves out of Monaco what the page never shows. Its core names these classes and makes them only when it is
 * asked for a comparison of texts, for drawing by the graphics card, or for a tree-sitter grammar. In the
 * page's bundle a class that cannot be made stands where each of them was.
 */
import type { Plugin } from 'vite';

/** Modules of Monaco's editor, and the classes that are imported from them. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  'browser/widget/diffEditor/diffEditorWidget.js': ['DiffEditorWidget'],
  'browser/widget/multiDiffEditor/multiDiffEditorWidget.js': ['MultiDiffEditorWidget'],
  'browser/gpu/viewGpuContext.js': ['ViewGpuContext'],
  'browser/viewParts/viewLinesGpu/viewLinesGpu.js': ['ViewLinesGpu'],
  'browser/viewParts/rulersGpu/rulersGpu.js': ['RulersGpu'],
  'browser/viewParts/gpuMark/gpuMark.js': ['GpuMarkOverlay'],
  'common/model/tokens/treeSitter/treeSitterSyntaxTokenBackend.js': ['TreeSitterSyntaxTokenBackend'],
};
const MODULE = /\/monaco-editor\/esm\/vs\/editor\/(.+)$/;

const standIn = (name: string): string =>
  `export class ${name} { constructor() { throw new Error('${name} is not part of this page'); } }`;

export function monacoParts(): Plugin {
  return {
    name: 'monaco-parts',
    apply: 'build',
    load: (id) => LEFT_OUT[MODULE.exec(id)?.[1] ?? '']?.map(standIn).join('\n') ?? null,
  };
}
