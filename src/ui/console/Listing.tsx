import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { scaleOf } from '../store/looks.ts';
import { useStore } from '../store/store.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';

const ROW = 18;

interface Props {
  readonly label: string;
  readonly length: number;
  /** Row to keep in view, or -1. */
  readonly current: number;
  readonly className?: (index: number) => string;
  readonly renderRow: (index: number) => ReactNode;
  readonly onPick?: (index: number) => void;
}

/** A long list of one-line rows, of which only those in view are drawn. */
export function Listing({ label, length, current, className, renderRow, onPick }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const scale = useStore(scaleOf);
  const list = useVirtualizer({
    count: length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW * scale,
    overscan: 16,
  });
  useEffect(() => list.measure(), [scale, list]);
  useEffect(() => {
    if (current >= 0) list.scrollToIndex(current, { align: 'auto' });
  }, [current, list]);
  return (
    <ScrollRegion label={label} scroller={scroller}>
      <div className="listing" style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map((item) => {
          const look = `listing-row ${item.index === current ? 'now' : ''} ${className?.(item.index) ?? ''}`;
          return onPick ? (
            <button
              type="button"
              key={item.key}
              tabIndex={-1}
              className={look}
              style={{ top: item.start }}
              aria-current={item.index === current ? 'step' : undefined}
              onClick={() => onPick(item.index)}
            >
              {renderRow(item.index)}
            </button>
          ) : (
            <div key={item.key} className={look} style={{ top: item.start }}>
              {renderRow(item.index)}
            </div>
          );
        })}
      </div>
    </ScrollRegion>
  );
}
