/**
 * The picture of a target: objects with places, computed by the engine from the kernel's bytes before
 * the walk. The layout is deterministic and never moves on a step, not even when the world is changed: there
 * is room in it for all that comes. States are folded from the trace.
 */
export const SCENE_NODE_KINDS = [
  'task',
  'thread',
  'files',
  'slot',
  'gap',
  'file',
  'inode',
  'mm',
  'vma',
  'item',
  'group',
  'object',
  'end',
] as const;
export type SceneNodeKind = (typeof SCENE_NODE_KINDS)[number];

export interface SceneNode {
  readonly id: number;
  readonly kind: SceneNodeKind;
  /** Kernel address of the object; 0n for gaps and the end cell. */
  readonly addr: bigint;
  /** Kernel struct at that address where the kind does not say it, or ''. */
  readonly struct: string;
  /** pid, fd, vm_start, index: the key in its container. */
  readonly key: number;
  readonly label: string;
  readonly detail: string;
  /** Container node, or -1. */
  readonly parent: number;
  /** The owner that a CallRow names for this object (task of a slot), or 0n. */
  readonly owner: bigint;
  /** Why the walk will not offer it (skipped by rule, outside the parameters), or ''. */
  readonly reason: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface SceneEdge {
  readonly from: number;
  readonly to: number;
  /** The field the arrow follows, as in C: `fdt->fd[3]`, `f_inode`, `vm_file`. */
  readonly via: string;
}

/** What a change of the world did to a node or an arrow, seen from a call on. */
export interface SceneChange {
  readonly call: number;
  readonly of: 'node' | 'edge';
  readonly id: number;
  /** Whether it is there from this call on. */
  readonly there: boolean;
  /** What the node says from this call on. */
  readonly label: string;
  readonly detail: string;
}

/** What changed while the walk went on. What came later is in the picture from the beginning, unseen. */
export interface SceneChanges {
  /** Nodes and edges before the walk: those with these ids and above were not there. */
  readonly nodes: number;
  readonly edges: number;
  /** In the order of the calls. */
  readonly rows: readonly SceneChange[];
}

export interface Scene {
  readonly target: string;
  readonly width: number;
  readonly height: number;
  readonly columns: readonly { readonly label: string; readonly x: number; readonly w: number }[];
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
  /** None: the world stood still. */
  readonly changes?: SceneChanges;
}
