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
    // Rows outside of the view are drawn before they are needed: scrolling need not wait for them.
    useFlushSync: false,
  });
  useEffect(() => list.measure(), [scale, list]);
  useEffect(() => {
    if (current < 0) return undefined;
    // With the frame, which lays the page out anyway: at once would make the browser do so twice.
    const frame = requestAnimationFrame(() => {
      const box = scroller.current;
      const [top, bottom] = [current * ROW * scale, (current + 1) * ROW * scale];
      const [from, height] = [list.scrollOffset ?? 0, list.scrollRect?.height ?? 0];
      if (!box || (top >= from && bottom <= from + height)) return;
      box.scrollTop = top < from ? top : bottom - height;
    });
    return () => cancelAnimationFrame(frame);
  }, [current, list, scale]);
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
