import { defineConfig } from 'vite';

import { kernelBtf } from './app/kernel_btf_plugin.ts';
import { userLibrary } from './app/user_library_plugin.ts';

/** The command line as one file for Node. */
export default defineConfig({
  plugins: [kernelBtf(), userLibrary()],
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: 'app/cli.ts',
    outDir: 'dist-cli',
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'iterscope.mjs', codeSplitting: false } },
  },
});
