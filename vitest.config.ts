import { defineConfig } from 'vitest/config';

import { kernelBtfPlugin } from './scripts/kernel_btf.ts';

export default defineConfig({
  plugins: [kernelBtfPlugin()],
  test: {
    include: ['src/**/*.test.ts', 'app/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'threads',
    maxWorkers: 2,
  },
});
