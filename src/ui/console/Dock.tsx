import type { ReactNode } from 'react';
import { useStore } from '../store/store.ts';
import type { DockTab } from '../store/view.ts';
import { TabPanes } from '../widgets/TabPanes.tsx';
import type { TabPane } from '../widgets/TabPanes.tsx';
import { Compare } from './Compare.tsx';
import { Disassembly } from './Disassembly.tsx';
import { Events } from './Events.tsx';
import { KernelPane } from './KernelPane.tsx';
import { Output } from './Output.tsx';
import { VerifierLog } from './VerifierLog.tsx';

interface Props {
  /** The inspector, where the page is too narrow for a pane of its own. */
  readonly inspector: ReactNode;
  readonly canSplit: boolean;
  /** Tabs of other parts of the page, after the dock's own. */
  readonly more: readonly TabPane<DockTab>[];
}

/** The lower pane, in one or two halves. Where the inspector has no pane of its own, it stands here too. */
export function Dock({ inspector, canSplit, more }: Props) {
  const tab = useStore((s) => s.dockTab);
  // The same twice would say nothing more.
  const second = useStore((s) =>
    s.secondDockTab !== s.dockTab ? s.secondDockTab : s.dockTab === 'output' ? 'disassembly' : 'output',
  );
  const split = useStore((s) => s.split) && canSplit;
  const setView = useStore((s) => s.setView);
  const panes: readonly TabPane<DockTab>[] = [
    { value: 'output', title: 'Output', badge: <OutputBadge />, body: <Output /> },
    { value: 'verifier', title: 'Verifier log', badge: <VerifierBadge />, body: <VerifierLog /> },
    { value: 'disassembly', title: 'Disassembly', body: <Disassembly /> },
    { value: 'events', title: 'Events', body: <Events /> },
    { value: 'kernel', title: 'Kernel', body: <KernelPane /> },
    { value: 'compare', title: 'Compare', body: <Compare /> },
    ...more,
  ];
  const inspect: TabPane<DockTab> = { value: 'inspect', title: 'Inspect', body: inspector };
  const shown = inspector ? [inspect, ...panes] : panes;
  const toggle = canSplit && (
    <button
      type="button"
      className="btn quiet small split"
      aria-pressed={split}
      onClick={() => setView({ split: !split })}
    >
      Split
    </button>
  );
  return (
    <section className={split ? 'pane dock-halves' : 'pane'} aria-label="Dock" style={{ flex: 1 }}>
      <TabPanes
        label="Dock"
        panes={shown}
        value={tab}
        after={split ? null : toggle}
        onChange={(dockTab) => setView({ dockTab })}
      />
      {split && (
        <TabPanes
          label="Dock, right half"
          panes={shown}
          value={second}
          after={toggle}
          onChange={(secondDockTab) => setView({ secondDockTab })}
        />
      )}
    </section>
  );
}

function OutputBadge() {
  const output = useStore((s) => s.result?.report.output ?? null);
  if (output === null) return null;
  let lines = output === '' || output.endsWith('\n') ? 0 : 1;
  for (let at = output.indexOf('\n'); at >= 0; at = output.indexOf('\n', at + 1)) lines++;
  return <span className="badge">{lines === 1 ? '1 line' : `${lines} lines`}</span>;
}

function VerifierBadge() {
  const accepted = useStore((s) => s.check?.verdict?.accepted ?? null);
  if (accepted === null) return null;
  return <span className={accepted ? 'badge ok' : 'badge bad'}>{accepted ? 'ok' : 'refused'}</span>;
}
