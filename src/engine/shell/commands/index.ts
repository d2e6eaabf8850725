/** Every program of the shell, by the path where it lies. */
import { bpftool } from '../bpftool/main.ts';
import { APPLETS, busybox } from './busybox.ts';
import { cat, cmp, dd, head, tail, tee, wc, yes } from './cat.ts';
import { clang } from './clang.ts';
import { ls, readlink, stat } from './list.ts';
import { date, env, hostname, id, mount, nothing, uname, which, whoami } from './machine.ts';
import { cp, mkdir, mv, rm, rmdir, touch } from './names.ts';
import type { Main } from './program.ts';
import { strace } from './strace.ts';
import { pidof, ps, sleep } from './tasks.ts';
import { grep } from './grep.ts';
import { cut, seq, sort, tr, uniq } from './text.ts';

const USR_BIN: Readonly<Record<string, Main>> = {
  busybox,
  cat,
  clang,
  clear: nothing,
  cmp,
  cp,
  cut,
  date,
  dd,
  env,
  grep,
  head,
  hostname,
  id,
  ls,
  mkdir,
  mount,
  mv,
  pidof,
  printenv: env,
  ps,
  readlink,
  rm,
  rmdir,
  seq,
  sleep,
  sort,
  stat,
  strace,
  stty: nothing,
  sync: nothing,
  tail,
  tee,
  touch,
  tr,
  uname,
  uniq,
  wc,
  which,
  whoami,
  yes,
};
const USR_SBIN: Readonly<Record<string, Main>> = { bpftool };

/** By absolute path. */
export const PROGRAMS: ReadonlyMap<string, Main> = new Map([
  ...Object.entries(USR_BIN).map(([name, main]) => [`/usr/bin/${name}`, main] as const),
  ...Object.entries(APPLETS).map(([name, main]) => [`/usr/lib/busybox/${name}`, main] as const),
  ...Object.entries(USR_SBIN).map(([name, main]) => [`/usr/sbin/${name}`, main] as const),
]);

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
