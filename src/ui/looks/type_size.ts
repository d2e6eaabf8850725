/** Gives every editor the size of type that the page has: those that are there and those that come. */
import { monaco } from '../editor/monaco.ts';
import { scaleOf } from '../store/looks.ts';
import { act, useStore } from '../store/store.ts';

const FONT = 12;
const LINE = 20;
/** Code in a room, in pixels. */
const PROJECTED = 18;

type Editor = ReturnType<typeof monaco.editor.getEditors>[number];

function size(editor: Editor): void {
  const { projector, typeSize } = act();
  const fontSize = projector ? PROJECTED * typeSize : FONT * typeSize;
  editor.updateOptions({ fontSize, lineHeight: (fontSize * LINE) / FONT });
}

export function followTypeSize(): () => void {
  const resize = (): void => monaco.editor.getEditors().forEach(size);
  const made = monaco.editor.onDidCreateEditor((editor) => setTimeout(() => size(editor as Editor)));
  const leave = useStore.subscribe((state, before) => {
    if (scaleOf(state) !== scaleOf(before)) resize();
  });
  resize();
  return () => {
    made.dispose();
    leave();
  };
}
