/** Elements of maps, put and taken away from user space while a program walks. Source: kernel/bpf/syscall.c. */
import { Refused } from './change.ts';
import type { Change, Changing, MapAccess, MapBytes, Tell } from './change.ts';

function mapsOf({ maps }: Changing): MapAccess {
  if (!maps) throw new Refused('map', 'no program with maps is loaded at that moment');
  return maps;
}

const text = (bytes: MapBytes): string => String(bytes);

export function mapUpdate(changing: Changing, change: Change<'map_update'>, tell: Tell): void {
  const { map, key, value } = change;
  const wrong = mapsOf(changing).update(map, key, value);
  if (wrong !== '') throw new Refused('map', wrong);
  tell(`map ${map}: element ${text(key)} is ${text(value)}`);
}

export function mapDelete(changing: Changing, change: Change<'map_delete'>, tell: Tell): void {
  const { map, key } = change;
  const wrong = mapsOf(changing).delete(map, key);
  if (wrong !== '') throw new Refused('map', wrong);
  tell(`map ${map}: element ${text(key)} was deleted`);
}
