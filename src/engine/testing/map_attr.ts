/** For tests: what BPF_MAP_CREATE is asked for, where only a few of its fields matter. */
import { MapType } from '../abi/uapi.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import type { MapCreateAttr } from '../sys/map_cmds.ts';

/** Four elements of four bytes by keys of four, without types. */
export const mapAttr = (type: MapTypeName, over: Partial<MapCreateAttr> = {}): MapCreateAttr => ({
  type: MapType[type],
  keySize: 4,
  valueSize: 4,
  maxEntries: 4,
  flags: 0,
  mapExtra: 0n,
  numaNode: 0,
  name: 'm',
  btfFd: 0,
  btfKeyTypeId: 0,
  btfValueTypeId: 0,
  innerMapFd: 0,
  ...over,
});
