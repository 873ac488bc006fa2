import { defineConfig } from 'vitest/config';

const project = (name: string, seconds: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 10),
      project('docs', 20),
      project('integration', 120),
      // One guest at a time: emulation wants both cores.
      { test: { ...project('boot', 1800).test, fileParallelism: false } },
    ],
  },
});
