/** Modules of Monaco that the page uses and Monaco gives no types for. */
declare module 'monaco-editor/platform/instantiation/common/instantiation' {
  /** Names a service; as a decorator, called with a parameter's class and place, it asks for one. */
  export type ServiceId = (target: object, key: undefined, index: number) => void;
  export interface Descriptor {
    readonly ctor: unknown;
  }
  export interface Instantiation {
    createInstance(descriptor: Descriptor): object;
  }
  /** The same name gives the same id. */
  export function createDecorator(name: string): ServiceId;
  export const IInstantiationService: ServiceId;
}

declare module 'monaco-editor/platform/instantiation/common/extensions' {
  import type { Descriptor, ServiceId } from 'monaco-editor/platform/instantiation/common/instantiation';
  export function getSingletonServiceDescriptors(): readonly (readonly [id: ServiceId, Descriptor])[];
  export function registerSingleton(id: ServiceId, ctor: unknown, delayed: 0 | 1): void;
}
