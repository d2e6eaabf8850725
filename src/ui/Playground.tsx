import { Suspense, lazy, useEffect, useRef, useState } from 'react';
import type { RefObject } from 'react';
import { Group, Panel, Separator, useDefaultLayout, usePanelRef } from 'react-resizable-panels';
import type { PanelImperativeHandle } from 'react-resizable-panels';
import { AttachBar } from './bars/AttachBar.tsx';
import { TopBar } from './bars/TopBar.tsx';
import { commandFor, obey } from './commands.ts';
import { Dock } from './console/Dock.tsx';
import { EditorPane } from './editor/EditorPane.tsx';
import type { FieldState } from './editor/handover.ts';
import { GraphPane } from './graph/GraphPane.tsx';
import { LiveRegion } from './LiveRegion.tsx';
import { FileTabs } from './module/FileTabs.tsx';
import { DropZone } from './drop/DropZone.tsx';
import { keep, kept } from './store/keep.ts';
import { useStore } from './store/store.ts';
import type { DockTab, Pane } from './store/view.ts';
import { Timeline } from './timeline/Timeline.tsx';
import { Recovery } from './widgets/Recovery.tsx';
import type { TabPane } from './widgets/TabPanes.tsx';
import { useMedia } from './widgets/use_media.ts';

/** Below this the inspector is a tab of the dock. */
const WIDE = '(min-width: 1100px)';
/** Below this there is one pane at a time. */
const NARROW = '(max-width: 759px)';

const ReaderPane = lazy(async () => ({ default: (await import('./reader/ReaderPane.tsx')).ReaderPane }));
const InspectorPane = lazy(async () => ({ default: (await import('./panels/Inspector.tsx')).Inspector }));
const Projector = lazy(async () => ({ default: (await import('./looks/Projector.tsx')).Projector }));
const CodePane = lazy(async () => ({ default: (await import('./take/CodePane.tsx')).CodePane }));
const ShellPane = lazy(async () => ({ default: (await import('./shell/ShellPane.tsx')).ShellPane }));
const ModuleEditor = lazy(async () => ({
  default: (await import('./module/ModuleEditor.tsx')).ModuleEditor,
}));
const ModulePane = lazy(async () => ({ default: (await import('./module/ModulePane.tsx')).ModulePane }));
const WorldPane = lazy(async () => ({ default: (await import('./world/WorldPane.tsx')).WorldPane }));

/** Its first content comes with the first run. */
const Inspector = () => (
  <Suspense fallback={<section className="pane" aria-label="Inspector" />}>
    <InspectorPane />
  </Suspense>
);

/** Tabs of the dock whose code is fetched when they are first shown. */
const LATER: readonly TabPane<DockTab>[] = [
  { value: 'shell', title: 'Shell', badge: null, body: <ShellPane /> },
  { value: 'code', title: 'In code', badge: null, body: <CodePane /> },
  { value: 'world', title: 'Changes', badge: <WorldBadge />, body: <WorldPane /> },
  { value: 'reader', title: 'Reader', badge: null, body: <ReaderPane /> },
  { value: 'module', title: 'Module', badge: null, body: <ModulePane /> },
].map(({ body, ...pane }) => ({
  ...pane,
  value: pane.value as DockTab,
  body: <Suspense fallback={<p className="empty">Loading.</p>}>{body}</Suspense>,
}));

function WorldBadge() {
  const made = useStore((s) => s.changes.length);
  return made === 0 ? null : <span className="badge">{made}</span>;
}

const LAYOUTS = {
  getItem: (key: string) => kept(`layout.${key}`),
  setItem: (key: string, value: string) => keep(`layout.${key}`, value),
};

/** The whole page. `field` is where the user was in the static page's textarea. */
export function Playground({ field }: { readonly field: FieldState }) {
  const wide = useMedia(WIDE);
  const narrow = useMedia(NARROW);
  const [place, setPlace] = useState(field);
  const pane = useStore((s) => s.pane);
  const inModule = useStore((s) => s.moduleShown && s.module !== null);
  useKeys();
  const editor = (
    <Recovery what="editor">
      <EditorPane
        field={place}
        onFieldChange={setPlace}
        tabs={<FileTabs />}
        other={
          inModule ? (
            <Suspense fallback={null}>
              <ModuleEditor />
            </Suspense>
          ) : null
        }
      />
    </Recovery>
  );
  return (
    <div className="page">
      <TopBar />
      {(!narrow || pane === 'code') && <AttachBar />}
      <Failure />
      <DropZone />
      <div id={NOTES} />
      <main className="work">
        {narrow ? <OnePane editor={editor} /> : <Panes editor={editor} wide={wide} />}
      </main>
      <LiveRegion />
      <Later />
    </div>
  );
}

/** Place of the notes about links, which are loaded later. */
const NOTES = 'notes';

/** Loaded when the page is at rest, or at once when a link is to be opened. */
const LooksPart = lazy(async () => ({ default: (await import('./looks/LooksPart.tsx')).LooksPart }));
const SharePart = lazy(async () => ({ default: (await import('./share/SharePart.tsx')).SharePart }));
const CommandPalette = lazy(async () => ({ default: (await import('./CommandPalette.tsx')).CommandPalette }));

/** What the first keystroke does not need. */
function Later() {
  const [due, setDue] = useState(location.hash !== '');
  const asked = useStore((s) => s.shareOpen || s.paletteOpen);
  useEffect(() => {
    const idle = window.requestIdleCallback ?? ((load: () => void) => setTimeout(load, 300));
    idle(() => setDue(true));
  }, []);
  if (!due && !asked) return null;
  return (
    <Recovery what="part for sharing and searching">
      <Suspense fallback={null}>
        <CommandPalette />
        <SharePart notes={NOTES} />
        <LooksPart />
      </Suspense>
    </Recovery>
  );
}

function useKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const command = event.defaultPrevented ? null : commandFor(event);
      if (!command) return;
      event.preventDefault();
      obey(command);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}

/** Our own defects and a lost worker; the program and the last recording stay. */
function Failure() {
  const failure = useStore((s) => s.failure);
  const dismiss = useStore((s) => s.dismissFailure);
  if (!failure) return null;
  return (
    <div className="banner" role="alert">
      <span>{failure}</span>
      <span className="spring" />
      <button type="button" className="btn small" onClick={dismiss}>
        Dismiss
      </button>
    </div>
  );
}

type Foldable = RefObject<PanelImperativeHandle | null>;
const fold = ({ current: panel }: Foldable): void =>
  panel?.isCollapsed() ? panel.expand() : panel?.collapse();

/** A divider; a double click folds the panel that it belongs to, or brings it back at its size. */
const Divider = ({ look, of }: { readonly look: string; readonly of: Foldable }) => (
  <Separator className={look} disableDoubleClick onDoubleClick={() => fold(of)} />
);

function Panes({ editor, wide }: { readonly editor: React.ReactNode; readonly wide: boolean }) {
  const projector = useStore((s) => s.projector);
  const kind = projector ? 'projector' : wide ? 'wide' : 'medium';
  const outer = useDefaultLayout({ id: kind, storage: LAYOUTS });
  const rows = useDefaultLayout({ id: projector ? 'rows-projector' : 'rows', storage: LAYOUTS });
  const top = useDefaultLayout({ id: projector ? 'top-projector' : 'top', storage: LAYOUTS });
  const code = usePanelRef();
  const dock = usePanelRef();
  const inspector = usePanelRef();
  const folds = useStore((s) => s.folds);
  const folded = useRef(folds);
  useEffect(() => {
    if (folds !== folded.current) fold(dock);
    folded.current = folds;
  }, [folds, dock]);
  return (
    <Group orientation="horizontal" {...outer}>
      <Panel id="left" minSize={560}>
        <Group orientation="vertical" {...rows}>
          <Panel id="upper" minSize={260}>
            <Group orientation="horizontal" {...top}>
              <Panel
                id="editor"
                panelRef={code}
                defaultSize={372}
                minSize={220}
                collapsible
                groupResizeBehavior="preserve-pixel-size"
              >
                {editor}
              </Panel>
              <Divider look="separator-v" of={code} />
              <Panel id="centre" minSize={320}>
                <Centre />
              </Panel>
            </Group>
          </Panel>
          {!projector && <Divider look="separator-h" of={dock} />}
          {!projector && (
            <Panel
              id="dock"
              panelRef={dock}
              defaultSize={178}
              minSize={80}
              collapsible
              collapsedSize={34}
              groupResizeBehavior="preserve-pixel-size"
            >
              <Dock inspector={wide ? null : <Inspector />} canSplit={wide} more={LATER} />
            </Panel>
          )}
        </Group>
      </Panel>
      {wide && !projector && <Divider look="separator-v" of={inspector} />}
      {wide && !projector && (
        <Panel
          id="inspector"
          panelRef={inspector}
          defaultSize={316}
          minSize={240}
          collapsible
          groupResizeBehavior="preserve-pixel-size"
        >
          <Inspector />
        </Panel>
      )}
    </Group>
  );
}

function Centre() {
  return (
    <div className="pane centre">
      <GraphPane />
      <ForTheRoom />
      <Timeline />
    </div>
  );
}

/** What the projector adds, whatever the width: also the way out of it. */
function ForTheRoom() {
  const projector = useStore((s) => s.projector);
  return (
    projector && (
      <Suspense fallback={null}>
        <Projector />
      </Suspense>
    )
  );
}

const PANES: readonly { readonly pane: Pane; readonly text: string }[] = [
  { pane: 'code', text: 'Code' },
  { pane: 'graph', text: 'Graph' },
  { pane: 'output', text: 'Output' },
  { pane: 'inspect', text: 'Inspect' },
];

/** One pane at a time; below it, within reach of a thumb, the transport and the tabs. */
function OnePane({ editor }: { readonly editor: React.ReactNode }) {
  const pane = useStore((s) => s.pane);
  const setView = useStore((s) => s.setView);
  return (
    <div className="pane" style={{ flex: 1 }}>
      <div id="pane" role="tabpanel" aria-label={pane} className="pane" style={{ flex: 1 }}>
        {pane === 'code' ? (
          editor
        ) : pane === 'graph' ? (
          <GraphPane />
        ) : pane === 'output' ? (
          <Dock inspector={null} canSplit={false} more={LATER} />
        ) : (
          <Inspector />
        )}
      </div>
      <ForTheRoom />
      {pane !== 'code' && <Timeline />}
      <div className="bottom-tabs" role="tablist" aria-label="Pane">
        {PANES.map((one) => (
          <button
            key={one.pane}
            type="button"
            role="tab"
            aria-selected={one.pane === pane}
            aria-controls="pane"
            onClick={() => setView({ pane: one.pane })}
          >
            {one.text}
          </button>
        ))}
      </div>
    </div>
  );
}
