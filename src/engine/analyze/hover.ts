/** What is shown of the name at a place. */
import type { HoverInfo } from '../../protocol/language.ts';
import type { Analysis } from './analysis.ts';
import { describe, macroText } from './describe.ts';

export function hoverAt(analysis: Analysis, at: number): HoverInfo | null {
  const macro = analysis.macroAt(at);
  const definition = macro && analysis.result.macros.get(macro.name);
  if (macro && definition) return { ...analysis.stretch(macro.range), code: macroText(definition), text: '' };
  const found = analysis.occurrenceAt(at);
  return found && { ...analysis.stretch(found.range), ...describe(found.meaning) };
}
