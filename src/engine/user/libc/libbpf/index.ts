/**
 * libbpf in C, as far as reader programs use it. What needs to know ELF and BTF is done by native functions, by
 * an object's handle; what libbpf keeps in memory - programs, maps, links - is kept here, in the process.
 */
import { DECLARATIONS_C } from './declarations.ts';
import { LINKS_C } from './links.ts';
import { MAPS_C } from './maps.ts';
import { MESSAGES_C } from './messages.ts';
import { OBJECTS_C } from './objects.ts';
import { PROGRAMS_C } from './programs.ts';
import { RING_BUFFERS_C } from './ring_buffers.ts';
import { SKELETONS_C } from './skeletons.ts';
import { SYSCALLS_C } from './syscalls.ts';

/** One file of C: its parts know each other's static functions. */
export const LIBBPF_C = [
  DECLARATIONS_C,
  MESSAGES_C,
  SYSCALLS_C,
  OBJECTS_C,
  PROGRAMS_C,
  LINKS_C,
  MAPS_C,
  RING_BUFFERS_C,
  SKELETONS_C,
].join('\n');
