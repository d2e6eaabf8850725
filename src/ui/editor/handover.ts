/** The state of a text field that moves from the static page's textarea to React's, and on to Monaco. */
export interface FieldState {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly top: number;
  readonly left: number;
  readonly focused: boolean;
}

export const takeField = (area: HTMLTextAreaElement): FieldState => ({
  text: area.value,
  start: area.selectionStart,
  end: area.selectionEnd,
  top: area.scrollTop,
  left: area.scrollLeft,
  focused: document.activeElement === area,
});

export function giveField(area: HTMLTextAreaElement, state: FieldState): void {
  area.setSelectionRange(state.start, state.end);
  area.scrollTo(state.left, state.top);
  if (state.focused) area.focus({ preventScroll: true });
}
