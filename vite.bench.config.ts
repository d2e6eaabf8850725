import { defineConfig } from 'vite';

import { kernelBtf } from './app/kernel_btf_plugin.ts';
import { userLibrary } from './app/user_library_plugin.ts';

/** The benchmarks, and beside them the command line they start, built as it is shipped. */
export default defineConfig({
  plugins: [kernelBtf(), userLibrary()],
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: '.cache/bench',
    target: 'node20',
    rolldownOptions: {
      input: { bench: 'bench/main.ts', iterscope: 'app/cli.ts' },
      output: { entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
    },
  },
});
