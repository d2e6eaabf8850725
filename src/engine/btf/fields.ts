/**
 * Kernel fields by role. Code names a field as the newest kernel it knows does; where other releases
 * spell it otherwise, the spellings stand here, tried in order. No offset is ever written by hand.
 */
export const FIELD_ROLES: Readonly<Record<string, readonly string[]>> = {
  'task_struct.__state': ['__state', 'state'],
  'file.f_count': ['f_count', 'f_ref'],
  'kernfs_node.parent': ['parent', '__parent'],
  'inode.i_atime_sec': ['i_atime_sec', '__i_atime.tv_sec', 'i_atime.tv_sec'],
  'inode.i_atime_nsec': ['i_atime_nsec', '__i_atime.tv_nsec', 'i_atime.tv_nsec'],
  'inode.i_mtime_sec': ['i_mtime_sec', '__i_mtime.tv_sec', 'i_mtime.tv_sec'],
  'inode.i_mtime_nsec': ['i_mtime_nsec', '__i_mtime.tv_nsec', 'i_mtime.tv_nsec'],
  'inode.i_ctime_sec': ['i_ctime_sec', '__i_ctime.tv_sec', 'i_ctime.tv_sec'],
  'inode.i_ctime_nsec': ['i_ctime_nsec', '__i_ctime.tv_nsec', 'i_ctime.tv_nsec'],
  'mnt_namespace.nr_mounts': ['nr_mounts', 'mounts'],
};

/** The spellings to try for `struct.path`, the given one first. */
export const spellings = (struct: string, path: string): readonly string[] =>
  FIELD_ROLES[`${struct}.${path}`] ?? [path];
