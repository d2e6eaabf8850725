/** Where the browser for tests and screenshots is, and how it is started. */
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** @returns {string | undefined} $CHROMIUM, or the first of the usual places */
export const findChromium = () => process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));

export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Options for Playwright's `launch`; without an installed browser it takes its own. */
export const launchOptions = () => {
  const executablePath = findChromium();
  return { args: CHROMIUM_ARGS, ...(executablePath ? { executablePath } : {}) };
};
