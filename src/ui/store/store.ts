/** One store: every view shows the same moment of the same run. */
import { create } from 'zustand';
import type { Example } from './deps.ts';
import { attachSlice } from './attach.ts';
import type { AttachSlice } from './attach.ts';
import { courseSlice } from './course.ts';
import type { CourseSlice } from './course.ts';
import { cursorSlice } from './cursor.ts';
import type { CursorSlice } from './cursor.ts';
import { looksSlice } from './looks.ts';
import type { LooksSlice } from './looks.ts';
import { lineBreakSlice } from './line_breaks.ts';
import type { LineBreakSlice } from './line_breaks.ts';
import { machineSlice } from './machine.ts';
import type { MachineSlice } from './machine.ts';
import { moduleSlice } from './module.ts';
import type { ModuleSlice } from './module.ts';
import { programSlice } from './program.ts';
import type { ProgramSlice } from './program.ts';
import { runSlice } from './run.ts';
import type { RunSlice } from './run.ts';
import { viewSlice } from './view.ts';
import type { ViewSlice } from './view.ts';
import { worldSlice } from './world.ts';
import type { WorldSlice } from './world.ts';

export interface CatalogSlice {
  readonly examples: readonly Example[];
  readonly worlds: readonly string[];
}

export type PageState = CatalogSlice &
  ProgramSlice &
  ModuleSlice &
  AttachSlice &
  RunSlice &
  CourseSlice &
  CursorSlice &
  LineBreakSlice &
  MachineSlice &
  ViewSlice &
  LooksSlice &
  WorldSlice;

export const useStore = create<PageState>()((...of) => ({
  examples: [],
  worlds: [],
  ...programSlice(...of),
  ...moduleSlice(...of),
  ...attachSlice(...of),
  ...runSlice(...of),
  ...courseSlice(...of),
  ...cursorSlice(...of),
  ...lineBreakSlice(...of),
  ...machineSlice(...of),
  ...viewSlice(...of),
  ...looksSlice(...of),
  ...worldSlice(...of),
}));

/** The state and its actions, outside of a component's rendering: for event handlers. */
export const act = (): PageState => useStore.getState();
