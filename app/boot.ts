/**
 * The first script: a few hundred bytes that make the static page's textarea the user's own. What was
 * kept is put back, edits are kept from the first key on, and the rest of the page is fetched.
 */
import { keepProgram, kept, keptProgram } from '../src/ui/store/keep.ts';

const theme = kept('theme');
if (theme === 'dark' || theme === 'light') document.documentElement.dataset['theme'] = theme;

const area = document.querySelector<HTMLTextAreaElement>('textarea.program');
if (area) {
  const was = keptProgram();
  const path = was?.path ?? area.dataset['path'] ?? 'program.bpf.c';
  if (was && area.value === area.defaultValue) area.value = was.text;
  area.addEventListener('input', () => keepProgram({ path, text: area.value }));
}
import('./main.tsx').catch((error: unknown) => {
  const note = document.querySelector('[data-boot-note]');
  if (note)
    note.textContent = `The page could not be loaded completely (${String(error)}). Your program is kept; reload to try again.`;
});
