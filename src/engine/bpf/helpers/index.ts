/** Everything a program can call, by helper number and by kfunc name. What is not here cannot be loaded. */
import type { HelperTable, KfuncTable } from '../../vm/helper.ts';
import type { Bpf } from '../bpf.ts';
import { dynptrHelpers, dynptrKfuncs } from './dynptr.ts';
import { fdArrayHelpers } from './fd_array.ts';
import { loopHelpers } from './loop.ts';
import { mapHelpers } from './map.ts';
import { memoryHelpers, memoryKfuncs } from './memory.ts';
import { miscHelpers } from './misc.ts';
import { outputHelpers } from './output.ts';
import { ringbufHelpers } from './ringbuf.ts';
import { socketHelpers, socketKfuncs } from './socket.ts';
import { stackHelpers } from './stack.ts';
import { storageHelpers } from './storage.ts';
import { stringHelpers } from './string.ts';
import { syscallHelpers } from './syscall.ts';
import { tailCallHelpers } from './tail_call.ts';
import { taskHelpers } from './task.ts';
import { eventHelpers } from './events.ts';
import { arenaKfuncs } from './kfunc_arena.ts';
import { cpumaskKfuncs } from './kfunc_cpumask.ts';
import { cssKfuncs } from './kfunc_css.ts';
import { graphKfuncs } from './kfunc_graph.ts';
import { iteratorKfuncs } from './kfunc_iter.ts';
import { keyKfuncs } from './kfunc_keys.ts';
import { listKfuncs } from './kfunc_lists.ts';
import { irqKfuncs } from './kfunc_irq.ts';
import { objectKfuncs } from './kfunc_object.ts';
import { stringKfuncs } from './kfunc_string.ts';

export const helperTable = (bpf: Bpf): HelperTable =>
  new Map([
    ...mapHelpers(),
    ...outputHelpers(bpf),
    ...stringHelpers(),
    ...memoryHelpers(),
    ...ringbufHelpers(),
    ...eventHelpers(),
    ...dynptrHelpers(),
    ...loopHelpers(),
    ...taskHelpers(),
    ...stackHelpers(),
    ...miscHelpers(bpf),
    ...socketHelpers(),
    ...tailCallHelpers(),
    ...storageHelpers(),
    ...fdArrayHelpers(),
    ...syscallHelpers(),
  ]);

export const kfuncTable = (bpf: Bpf): KfuncTable =>
  new Map([
    ...iteratorKfuncs(),
    ...objectKfuncs(),
    ...irqKfuncs(),
    ...memoryKfuncs(),
    ...stringKfuncs(),
    ...graphKfuncs(bpf.cpus),
    ...dynptrKfuncs(),
    ...cssKfuncs(),
    ...listKfuncs(),
    ...socketKfuncs(),
    ...cpumaskKfuncs(bpf.cpus),
    ...keyKfuncs(),
    ...arenaKfuncs(),
  ]);
