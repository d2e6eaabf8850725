/**
 * The end of a file, as the layers above see it: they register what to release by the symbol of the
 * file_operations, and drop references. Names of vfs for what kernel/objects/file.ts does.
 */
export { fput as closeFile, onRelease } from '../kernel/objects/file.ts';
export type { Release } from '../kernel/objects/file.ts';
