import { defineConfig } from 'vitest/config';

import { kernelBtf } from './app/kernel_btf_plugin.ts';

export default defineConfig({
  plugins: [kernelBtf()],
  test: {
    include: ['src/**/*.test.ts', 'app/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'threads',
    maxWorkers: 2,
  },
});
