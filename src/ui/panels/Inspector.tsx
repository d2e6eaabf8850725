import { useStore } from '../store/store.ts';
import type { InspectorTab } from '../store/view.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';
import { TabPanes } from '../widgets/TabPanes.tsx';
import type { TabPane } from '../widgets/TabPanes.tsx';
import { MapsPanel } from './MapsPanel.tsx';
import { ObjectPanel } from './ObjectPanel.tsx';
import { Registers } from './Registers.tsx';
import { SeqBuffer } from './SeqBuffer.tsx';
import { Stack } from './Stack.tsx';

const scrolling = (body: React.ReactNode, label: string): React.ReactNode => (
  <ScrollRegion label={label}>
    {body}
    <SeqBuffer />
  </ScrollRegion>
);

const PANES: readonly TabPane<InspectorTab>[] = [
  { value: 'object', title: 'Object', body: scrolling(<ObjectPanel />, 'Object of the moment') },
  { value: 'registers', title: 'Registers', body: scrolling(<Registers />, 'Registers') },
  { value: 'stack', title: 'Stack', body: scrolling(<Stack />, 'Stack') },
  { value: 'maps', title: 'Maps', body: scrolling(<MapsPanel />, 'Maps and global variables') },
];

/** Bytes, registers and stack of the moment; the seq buffer last, whatever is on show. */
export function Inspector() {
  const tab = useStore((s) => s.inspectorTab);
  const setView = useStore((s) => s.setView);
  return (
    <section className="pane" aria-label="Inspector" style={{ flex: 1 }}>
      <TabPanes
        label="Inspector"
        panes={PANES}
        value={tab}
        onChange={(inspectorTab) => setView({ inspectorTab })}
      />
    </section>
  );
}
