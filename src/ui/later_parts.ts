/**
 * Parts of the page that are fetched when they are first wanted. When the page has been at rest for a while they
 * are fetched anyway, so that a page that was opened once works without the network; not where the reader of the
 * page asks to save data.
 *
 *     first key ... at rest ── part ── part ── ... ── parts of the workers
 */
import { prepareEngines } from './store/prepare.ts';

/** Every part of src/ui that somebody imports later, in the order in which they are likely to be wanted. */
export const LATER_PARTS: readonly (() => Promise<unknown>)[] = [
  () => import('./panels/Inspector.tsx'),
  () => import('./graph/PictureView.tsx'),
  () => import('./CommandPalette.tsx'),
  () => import('./share/SharePart.tsx'),
  () => import('./looks/LooksPart.tsx'),
  () => import('./looks/type_size.ts'),
  () => import('./graph/HeatView.tsx'),
  () => import('./timeline/FindBar.tsx'),
  () => import('./world/WorldPane.tsx'),
  () => import('./shell/ShellPane.tsx'),
  () => import('./reader/ReaderPane.tsx'),
  () => import('./take/CodePane.tsx'),
  () => import('./module/ModulePane.tsx'),
  () => import('./module/ModuleEditor.tsx'),
  () => import('./module/template.ts'),
  () => import('./looks/Projector.tsx'),
  () => import('./drop/files.ts'),
];

/** The page has been there for so long before anything is fetched that nobody has asked for. */
const REST_MS = 6000;
/** A part that does not come is asked for again when it is wanted. */
const nothing = (): undefined => undefined;
const whenIdle = (): Promise<void> =>
  new Promise((done) => {
    const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 300));
    idle(() => done());
  });

declare global {
  interface Navigator {
    readonly connection?: { readonly saveData?: boolean };
  }
}

/** @param more what the composition root fetches later: examples */
export function fetchLaterParts(more: readonly (() => Promise<unknown>)[]): void {
  if (navigator.connection?.saveData === true) return;
  const all = [...LATER_PARTS, ...more, prepareEngines];
  const fetchAll = async (): Promise<void> => {
    for (const part of all) {
      await whenIdle();
      await part().catch(nothing);
    }
    performance.mark('all parts fetched');
  };
  setTimeout(() => void fetchAll(), REST_MS);
}
