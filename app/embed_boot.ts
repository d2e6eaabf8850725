/** The player's first script: the theme that was asked for, then nothing until the frame is in view. */
const theme = new URLSearchParams(location.search).get('theme');
if (theme === 'dark' || theme === 'light') document.documentElement.dataset['theme'] = theme;

const app = document.getElementById('app');
const load = (): void => {
  import('./embed.tsx').catch((error: unknown) => {
    const note = document.querySelector('[data-boot-note]');
    if (note) note.textContent = `The player could not be loaded completely (${String(error)}).`;
  });
};
if (app) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    load();
  });
  seen.observe(app);
}
