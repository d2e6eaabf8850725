/** Takes what is in the maps of one loaded object to the same object loaded on another machine. */
import type { LoadedObject } from '../libbpf/load.ts';
import type { Machine } from './boot.ts';

interface Holder {
  readonly machine: Machine;
  readonly loaded: LoadedObject;
}

/** Elements that cannot be written (frozen maps, ring buffers) stay as they were loaded. */
export function carryMaps(from: Holder, to: Holder): void {
  from.loaded.object.maps.forEach((_map, i) => {
    const source = from.loaded.mapFds[i] ?? -1;
    const target = to.loaded.mapFds[i] ?? -1;
    const keys: Uint8Array[] = [];
    let key: Uint8Array | null = null;
    for (;;) {
      const next: Uint8Array | number = from.machine.syscall.mapGetNextKey(source, key);
      if (typeof next === 'number') break;
      keys.push(next);
      key = next;
    }
    // Newest first is the order of a bucket: insert from the end to keep it.
    for (const each of keys.toReversed()) {
      const value = from.machine.syscall.mapLookup(source, each);
      if (typeof value !== 'number') to.machine.syscall.mapUpdate(target, each, value, 0);
    }
  });
}
