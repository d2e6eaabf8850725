import { defineConfig } from 'vite';

import { kernelBtfPlugin } from './scripts/kernel_btf.ts';

/** The command line as one file for Node. */
export default defineConfig({
  plugins: [kernelBtfPlugin()],
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: 'app/cli.ts',
    outDir: 'dist-cli',
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'iterscope.mjs', codeSplitting: false } },
  },
});
