import { defineConfig } from 'vitest/config';

import { kernelBtf } from './app/kernel_btf_plugin.ts';
import { userLibrary } from './app/user_library_plugin.ts';

export default defineConfig({
  plugins: [kernelBtf(), userLibrary()],
  test: {
    include: ['src/**/*.test.ts', 'app/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'threads',
    maxWorkers: 2,
  },
});
