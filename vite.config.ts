/** Builds the page: one folder that works from any sub-path of any static host. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';
import { kernelBtf } from './app/kernel_btf_plugin.ts';
import { userLibrary } from './app/user_library_plugin.ts';

const CSP = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  // Monaco writes its theme and positions as inline styles.
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

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
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: CSP },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  base: './',
  worker: { format: 'es', plugins: () => [kernelBtf(), userLibrary()] },
  build: { target: 'es2023', assetsInlineLimit: 0, chunkSizeWarningLimit: 4000, manifest: true },
  preview: { headers: { 'Content-Security-Policy': CSP } },
  plugins: [
    react(),
    kernelBtf(),
    firstProgram(join(import.meta.dirname, 'app/examples/task_file.bpf.c')),
    csp,
  ],
});
