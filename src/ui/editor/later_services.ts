/**
 * Services of the features that load later. Monaco takes up its services once, when the first editor is made.
 * So each of theirs is named before, and looked up among those that have come when it is first asked for.
 */
import {
  getSingletonServiceDescriptors,
  registerSingleton,
} from 'monaco-editor/platform/instantiation/common/extensions';
import {
  createDecorator,
  IInstantiationService,
} from 'monaco-editor/platform/instantiation/common/instantiation';
import type { Instantiation } from 'monaco-editor/platform/instantiation/common/instantiation';

/** As their own modules name them. */
const NAMES = [
  'actionWidgetService',
  'IEditorCancelService',
  'IInlayHintsCache',
  'IMarkerNavigationService',
  'IOutlineModelService',
  'IPeekViewService',
  'ISuggestMemories',
  'ISymbolNavigationService',
];

const EAGER = 0;

for (const name of NAMES) {
  const id = createDecorator(name);
  /** A constructor to Monaco: what it makes is the service that came later. */
  function Later(instantiation: Instantiation): object {
    const found = getSingletonServiceDescriptors().findLast(([other]) => other === id)?.[1];
    if (!found || found.ctor === Later) throw new Error(`the service ${name} has not been loaded`);
    return instantiation.createInstance(found);
  }
  IInstantiationService(Later, undefined, 0);
  registerSingleton(id, Later, EAGER);
}
