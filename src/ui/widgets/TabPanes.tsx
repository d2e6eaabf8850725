import { Tabs } from 'radix-ui';
import type { ReactNode } from 'react';
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

/** Tabs over one body; only the body on show is mounted. */
export function TabPanes<T extends string>({ label, panes, value, after, onChange }: Props<T>) {
  const shown = panes.some((pane) => pane.value === value) ? value : panes[0]?.value;
  return (
    <Tabs.Root
      className="tab-body"
      value={shown ?? ''}
      onValueChange={(next) => onChange(next as T)}
      activationMode="manual"
    >
      <div className="tabs">
        <Tabs.List className="tab-list" aria-label={label}>
          {panes.map((pane) => (
            <Tabs.Trigger key={pane.value} value={pane.value} className="tab">
              {pane.title}
              {pane.badge}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
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
