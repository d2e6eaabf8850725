/** Which Chromium the browser tests use, and how it is started. */
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of an installed browser, or undefined: Playwright's own. */
export const chromiumPath = () =>
  [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path));

export const launchOptions = () => {
  const executablePath = chromiumPath();
  return {
    ...(executablePath ? { executablePath } : {}),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  };
};
