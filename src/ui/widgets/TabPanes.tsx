import { Tabs } from 'radix-ui';
import { useEffect, useRef, useState } from 'react';
import type { ReactNode, RefObject } from 'react';
import { Recovery } from './Recovery.tsx';

export interface TabPane<T extends string> {
  readonly value: T;
  readonly title: string;
  /** Short word beside the title. */
  readonly badge?: ReactNode;
  readonly body: ReactNode;
}

interface Props<T extends string> {
  readonly label: string;
  readonly panes: readonly TabPane<T>[];
  readonly value: T;
  /** Stands at the right end of the tabs. */
  readonly after?: ReactNode;
  readonly onChange: (value: T) => void;
}

/** Tabs over one body; only the body on show is mounted. Where not all tabs fit, a list of them stands beside. */
export function TabPanes<T extends string>({ label, panes, value, after, onChange }: Props<T>) {
  const shown = panes.some((pane) => pane.value === value) ? value : panes[0]?.value;
  const list = useRef<HTMLDivElement>(null);
  const crowded = useCrowded(list);
  useEffect(() => {
    if (!crowded) return;
    const active = list.current?.querySelector<HTMLElement>(`[data-tab="${shown}"]`);
    requestAnimationFrame(() => active?.scrollIntoView({ block: 'nearest', inline: 'nearest' }));
  }, [shown, crowded]);
  return (
    <Tabs.Root
      className="tab-body"
      value={shown ?? ''}
      onValueChange={(next) => onChange(next as T)}
      activationMode="manual"
    >
      <div className="tabs">
        <Tabs.List className={crowded ? 'tab-list crowded' : 'tab-list'} aria-label={label} ref={list}>
          {panes.map((pane) => (
            <Tabs.Trigger key={pane.value} value={pane.value} className="tab" data-tab={pane.value}>
              {pane.title}
              {pane.badge}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {crowded && (
          <select
            className="more-tabs"
            aria-label={`${label}: all tabs`}
            title="All tabs"
            value={shown}
            onChange={({ target }) => onChange(target.value as T)}
          >
            {panes.map((pane) => (
              <option key={pane.value} value={pane.value}>
                {pane.title}
              </option>
            ))}
          </select>
        )}
        {after}
      </div>
      {panes.map((pane) => (
        <Tabs.Content key={pane.value} value={pane.value} className="tab-body" tabIndex={-1}>
          <Recovery what={pane.title}>{pane.body}</Recovery>
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}

/** Whether the tabs are wider than their room, now and as either changes. */
function useCrowded(list: RefObject<HTMLDivElement | null>): boolean {
  const [crowded, setCrowded] = useState(false);
  useEffect(() => {
    const element = list.current;
    if (!element) return undefined;
    const measure = (): void => setCrowded(element.scrollWidth > element.clientWidth + 1);
    const room = new ResizeObserver(measure);
    room.observe(element);
    const words = new MutationObserver(measure);
    words.observe(element, { childList: true, subtree: true, characterData: true });
    return () => {
      room.disconnect();
      words.disconnect();
    };
  }, [list]);
  return crowded;
}
