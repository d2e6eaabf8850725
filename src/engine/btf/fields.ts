/**
 * Kernel fields by role. Code names a field as the newest kernel it knows does; where other releases
 * spell it otherwise, the spellings stand here, tried in order. No offset is ever written by hand.
 */
export const FIELD_ROLES: Readonly<Record<string, readonly string[]>> = {
  'task_struct.__state': ['__state', 'state'],
  'file.f_count': ['f_count', 'f_ref'],
  'kernfs_node.parent': ['parent', '__parent'],
  'mnt_namespace.nr_mounts': ['nr_mounts', 'mounts'],
};

/** The spellings to try for `struct.path`, the given one first. */
export const spellings = (struct: string, path: string): readonly string[] =>
  FIELD_ROLES[`${struct}.${path}`] ?? [path];
