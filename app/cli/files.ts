/** Files that a user names. Each may be gzip; what cannot be read is a usage error that says why. */
import { gunzipSync } from 'fflate';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { utf8Decode } from '../../src/shared/utf8.ts';
import { UsageError } from './options.ts';

/** What users are told of an errno. */
const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
};

/** Why a system call on a file failed, in words. */
export function whyNot(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return WHY[code] ?? code;
}

/** The bytes of a file, unpacked when it is gzip. @throws UsageError */
export function readBytes(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${whyNot(error)}`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    throw new UsageError(`cannot read ${path}: it begins like gzip but does not unpack`);
  }
}

export const readText = (path: string): string => utf8Decode(readBytes(path));

/** @throws UsageError */
export function writeTo(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${whyNot(error)}`);
  }
}

export const isObject = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;

/** A C program's text. @throws UsageError for bytes that no text has */
export function programText(path: string, bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new UsageError(`${path} is neither C text nor an object`);
  return utf8Decode(bytes);
}

/** What #include "name" finds: beside the program, then in each --include folder. */
export function includeFrom(program: string, folders: readonly string[]): (name: string) => string | null {
  const places = [dirname(resolve(program)), ...folders.map((folder) => resolve(folder))];
  return (name) => {
    for (const place of places) {
      const path = join(place, name);
      if (existsSync(path) && statSync(path).isFile()) return readText(path);
    }
    return null;
  };
}
