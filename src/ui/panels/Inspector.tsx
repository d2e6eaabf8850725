import { useStore } from '../store/store.ts';
import type { InspectorTab } from '../store/view.ts';
import { useMedia } from '../widgets/use_media.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';
import { TabPanes } from '../widgets/TabPanes.tsx';
import type { TabPane } from '../widgets/TabPanes.tsx';
import { MapsPanel } from './MapsPanel.tsx';
import { ObjectPanel } from './ObjectPanel.tsx';
import { Registers } from './Registers.tsx';
import { SeqBuffer } from './SeqBuffer.tsx';
import { Stack } from './Stack.tsx';

/** In a pane of its own the inspector is tall enough for the seq buffer to stay in sight. */
const TALL = '(min-width: 1100px) and (min-height: 700px)';

function Scrolling({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  const tall = useMedia(TALL);
  return (
    <>
      <ScrollRegion label={label} className="inspector-scroll">
        {children}
        {!tall && <SeqBuffer />}
      </ScrollRegion>
      {tall && <SeqBuffer />}
    </>
  );
}
const scrolling = (body: React.ReactNode, label: string): React.ReactNode => (
  <Scrolling label={label}>{body}</Scrolling>
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
