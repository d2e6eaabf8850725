/** Builds the page: one folder that works from any sub-path of any static host. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';
import { kernelBtf } from './app/kernel_btf_plugin.ts';
import { monacoParts } from './app/monaco_parts_plugin.ts';
import { userLibrary } from './app/user_library_plugin.ts';

/** @param workers where workers may come from */
const policy = (workers: string): string =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    // Monaco writes its theme and positions as inline styles.
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `worker-src ${workers}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
const CSP = policy("'self'");
/** A frame without an origin can only start workers from blobs. */
const EMBED_CSP = policy("'self' blob:");

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Puts the first program into the static page, where it can be edited before any script is there. */
function firstProgram(path: string): Plugin {
  return {
    name: 'first-program',
    transformIndexHtml: (html) =>
      html
        .replaceAll('%PROGRAM_PATH%', basename(path))
        .replace('%PROGRAM_TEXT%', () => escapeHtml(readFileSync(path, 'utf8'))),
  };
}

/** The built page says itself what it may load. The development server needs inline scripts and goes without. */
const csp: Plugin = {
  name: 'csp-meta',
  apply: 'build',
  transformIndexHtml: (_, { path }) => [
    {
      tag: 'meta',
      attrs: {
        'http-equiv': 'Content-Security-Policy',
        content: path.endsWith('embed.html') ? EMBED_CSP : CSP,
      },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  base: './',
  worker: { format: 'es', plugins: () => [kernelBtf(), userLibrary()] },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    manifest: true,
    rolldownOptions: { input: ['index.html', 'embed.html'] },
  },
  // A frame without an origin loads everything from a foreign one.
  preview: { cors: { origin: '*' }, headers: { 'Content-Security-Policy': EMBED_CSP } },
  plugins: [
    react(),
    kernelBtf(),
    monacoParts(),
    firstProgram(join(import.meta.dirname, 'app/examples/task_file.bpf.c')),
    csp,
  ],
});
