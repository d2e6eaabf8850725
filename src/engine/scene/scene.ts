/** The picture of a target, made from the kernel's bytes. Targets without one have none: null. */
import type { Scene } from '../../protocol/scene.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { TaskFilter } from './facts.ts';
import { taskScene } from './task.ts';
import { taskFileScene } from './task_file.ts';
import { taskVmaScene } from './task_vma.ts';

const PICTURES: Readonly<Record<string, (kernel: Kernel, filter: TaskFilter) => Scene>> = {
  task: taskScene,
  task_file: taskFileScene,
  task_vma: taskVmaScene,
};

export const sceneOf = (kernel: Kernel, target: string, filter: TaskFilter): Scene | null =>
  PICTURES[target]?.(kernel, filter) ?? null;
