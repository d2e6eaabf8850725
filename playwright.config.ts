/**
 * End-to-end tests: the built page in Chromium, at three widths. `npm run e2e` runs every test that is for
 * every width at each of them; `npm test` sets E2E_SLICE and runs a part of them at the two smaller ones.
 */
import { defineConfig } from '@playwright/test';
import { launchOptions } from './scripts/chromium.mjs';

const PORT = Number(process.env['E2E_PORT'] ?? 4174);
const slice = (specs: RegExp) => (process.env['E2E_SLICE'] ? specs : /.*\.spec\.ts/);

export default defineConfig({
  testDir: 'e2e',
  timeout: 180_000,
  expect: { timeout: 30_000 },
  workers: 2,
  fullyParallel: true,
  // A busy machine can hold a page up for longer than a test waits: that is named as flaky, and tried again.
  retries: 2,
  reporter: [['list']],
  use: {
    baseURL: `http://127.0.0.1:${PORT}/`,
    launchOptions: launchOptions(),
    serviceWorkers: 'block',
    // What failed once is recorded when it is tried again: recording every step costs a quarter of the time.
    trace: 'on-first-retry',
  },
  webServer: {
    command: `npx --no-install vite preview --host 127.0.0.1 --port ${PORT} --strictPort`,
    url: `http://127.0.0.1:${PORT}/`,
    reuseExistingServer: false,
  },
  projects: [
    { name: 'wide', use: { viewport: { width: 1440, height: 900 } } },
    {
      name: 'medium',
      grep: /@every-width/,
      testMatch: slice(/(session|looks)\.spec\.ts/),
      use: { viewport: { width: 1024, height: 768 } },
    },
    {
      name: 'narrow',
      grep: /@every-width/,
      testMatch: slice(/(session|looks|trouble|access)\.spec\.ts/),
      use: { viewport: { width: 390, height: 844 }, hasTouch: true },
    },
  ],
});
