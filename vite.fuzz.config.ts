import { defineConfig } from 'vite';

/** The differential fuzzer of the compiler. */
export default defineConfig({
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: '.cache/fuzz',
    target: 'node20',
    rolldownOptions: {
      input: { fuzz: 'bench/fuzz/main.ts' },
      output: { entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
    },
  },
});
