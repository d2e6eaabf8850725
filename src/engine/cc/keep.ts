/**
 * How the front end goes back to where it was: before the next declarations are read, everything that changes
 * while reading is kept, and what keeps it answers with how to put it back, as often as wanted.
 */
export type PutBack = () => void;

/** Mostly a map has grown since, and what was added goes; else it is filled anew, in the order that it had. */
export function keepMap<K, V>(map: Map<K, V>): PutBack {
  const keys = [...map.keys()];
  const values = [...map.values()];
  return () => {
    const added: K[] = [];
    let same = 0;
    let index = 0;
    map.forEach((value, key) => {
      if (index >= keys.length) added.push(key);
      else if (keys[index] === key && values[index] === value) same++;
      index++;
    });
    if (same === keys.length) for (const key of added) map.delete(key);
    else {
      map.clear();
      for (const [i, key] of keys.entries()) map.set(key, values[i]!);
    }
  };
}

export function keepSet<T>(set: Set<T>): PutBack {
  const kept = [...set];
  return () => {
    set.clear();
    for (const value of kept) set.add(value);
  };
}

export function keepList(list: unknown[]): PutBack {
  const kept = list.slice();
  return () => {
    list.length = 0;
    for (const value of kept) list.push(value);
  };
}

/** Of a list that only grows. */
export function keepLength(list: unknown[]): PutBack {
  const { length } = list;
  return () => {
    list.length = length;
  };
}

/** What an object's fields hold; not what is in them. */
export function keepFields(object: object): PutBack {
  const kept = { ...object };
  return () => void Object.assign(object, kept);
}

export const all =
  (...steps: readonly PutBack[]): PutBack =>
  () => {
    for (const step of steps) step();
  };
