/** The part of MessagePort that both ends need: a Worker, a MessagePort and a worker's own scope have it. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  start?(): void;
}
