import { defineConfig } from 'vitest/config';

const project = (name: string, seconds: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
  },
});

/** One file at a time: builds and emulated guests want all cores. */
const heavyProject = (name: string, files: string) => ({
  test: { ...project(name, 3600).test, include: [files], fileParallelism: false },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 10),
      project('docs', 20),
      project('integration', 120),
      heavyProject('build', 'test/build/{*,closed-world/*}.test.ts'),
      heavyProject('build-long', 'test/build/long/*.test.ts'),
      heavyProject('engine', 'test/engine/*.test.ts'),
      heavyProject('engine-long', 'test/engine/long/*.test.ts'),
      heavyProject('drill', 'test/drill/*.test.ts'),
      heavyProject('drill-long', 'test/drill/long/*.test.ts'),
      heavyProject('boot', 'test/boot/*.test.ts'),
      heavyProject('boot-long', 'test/boot/long/*.test.ts'),
    ],
  },
});
