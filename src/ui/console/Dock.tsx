import { Inspector } from '../panels/Inspector.tsx';
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

/** The lower pane. Where the page is too narrow for the inspector, it stands here too. */
export function Dock({ withInspector }: { readonly withInspector: boolean }) {
  const tab = useStore((s) => s.dockTab);
  const setView = useStore((s) => s.setView);
  const panes: readonly TabPane<DockTab>[] = [
    { value: 'output', title: 'Output', badge: <OutputBadge />, body: <Output /> },
    { value: 'verifier', title: 'Verifier log', badge: <VerifierBadge />, body: <VerifierLog /> },
    { value: 'disassembly', title: 'Disassembly', body: <Disassembly /> },
    { value: 'events', title: 'Events', body: <Events /> },
    { value: 'kernel', title: 'Kernel', body: <KernelPane /> },
    { value: 'compare', title: 'Compare', body: <Compare /> },
  ];
  const inspect: TabPane<DockTab> = { value: 'inspect', title: 'Inspect', body: <Inspector /> };
  return (
    <section className="pane" aria-label="Dock" style={{ flex: 1 }}>
      <TabPanes
        label="Dock"
        panes={withInspector ? [inspect, ...panes] : panes}
        value={tab}
        onChange={(dockTab) => setView({ dockTab })}
      />
    </section>
  );
}

function OutputBadge() {
  const output = useStore((s) => s.result?.report.output ?? null);
  if (output === null) return null;
  const lines = output.split('\n').length - (output.endsWith('\n') || output === '' ? 1 : 0);
  return <span className="badge">{lines === 1 ? '1 line' : `${lines} lines`}</span>;
}

function VerifierBadge() {
  const accepted = useStore((s) => s.check?.verdict?.accepted ?? null);
  if (accepted === null) return null;
  return <span className={accepted ? 'badge ok' : 'badge bad'}>{accepted ? 'ok' : 'refused'}</span>;
}
