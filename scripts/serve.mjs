/** Serves the built page from dist/ on 127.0.0.1, with the types and the policy that the page needs. */
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param port where to begin looking for a free one
 * @returns the address and a way to stop
 */
export async function servePage(port) {
  const server = await preview({
    root,
    logLevel: 'warn',
    preview: { host: '127.0.0.1', port, strictPort: false, open: false },
  });
  const address = server.httpServer.address();
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () => new Promise((done) => server.httpServer.close(done)),
  };
}
