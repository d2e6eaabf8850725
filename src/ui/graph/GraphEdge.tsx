import { memo } from 'react';
import type { EdgePath } from './edge_path.ts';

interface Props {
  readonly path: EdgePath;
  readonly state: string;
  /** On the way of what the pointer is on. */
  readonly lit: boolean;
}

/** One arrow; the one that the cursor follows carries a pulse in its middle. */
export const GraphEdge = memo(({ path: { edge, d, mid }, state, lit }: Props) => (
  <g className={lit ? 'edge-group lit' : 'edge-group'}>
    <path className={`edge ${state}`} d={d} markerEnd="url(#arrow)" />
    {state === 'current' && edge.via !== 'next' && (
      <>
        <circle className="pulse halo" cx={mid.x} cy={mid.y} r="8" />
        <circle className="pulse" cx={mid.x} cy={mid.y} r="4" />
      </>
    )}
  </g>
));
GraphEdge.displayName = 'GraphEdge';
