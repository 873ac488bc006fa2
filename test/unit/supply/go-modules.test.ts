import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPrograms } from '../../../builder/fetch/programs.ts';
import { LockSchema } from '../../../contract/lock.ts';

const repository = join(import.meta.dirname, '../../..');
const folder = join(repository, 'supply/go');
const programs = await readPrograms(repository);
const lock = LockSchema.parse(
  JSON.parse(await readFile(join(repository, 'config/clusters/lab.lock.json'), 'utf8')),
);
const debs = new Map(lock.debian.packages.map(({ name, version }) => [name, version]));

const file = async (dir: string, name: string) => await readFile(join(folder, dir, name), 'utf8');

/** Module → version, as go.mod requires it; what a replacement takes its place counts. */
async function required(dir: string): Promise<Map<string, string>> {
  const text = await file(dir, 'go.mod');
  const requirement = /^(?:require |\t)(?<module>[^\s=]+) (?<version>v\S+)(?: \/\/ indirect)?$/gm;
  const replacement = /(?<module>\S+)(?: v\S+)? => \S+ (?<version>v\S+)$/gm;
  return new Map(
    [...text.matchAll(requirement), ...text.matchAll(replacement)].map(({ groups }) => [
      groups?.['module'] ?? '',
      groups?.['version'] ?? '',
    ]),
  );
}

test('every folder with a go.mod is a program, and every program has its folder', async () => {
  const folders = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(programs.map(({ dir }) => dir).toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
  expect(new Set(programs.flatMap(({ outputs }) => outputs.map(({ bin }) => bin))).size).toBe(
    programs.flatMap(({ outputs }) => outputs).length,
  );
});

describe.each(programs.map((program) => [program.name, program] as const))(
  '%s',
  (_, { dir, modules, variables }) => {
    test('names modules in the versions that its go.mod requires', async () => {
      const versions = await required(dir);
      for (const { module, version } of modules)
        expect([module, versions.get(module)]).toEqual([module, version]);
    });

    test('has a go.sum with the content of each of them', async () => {
      const sums = await file(dir, 'go.sum');
      for (const { module, version } of modules) {
        expect(sums).toContain(`${module} ${version} h1:`);
        expect(sums).toContain(`${module} ${version}/go.mod h1:`);
      }
    });

    test('says the version of its module when asked, where it is told one', () => {
      const told = Object.entries(variables).filter(([name]) => /version$/i.test(name));
      // Some say it without the `v` of the module's tag.
      const { version: wanted = '' } = modules[0] ?? {};
      for (const [name, version] of told)
        expect([name, `v${version.replace(/^v/, '')}`]).toEqual([name, wanted]);
    });

    test('asks for no newer Go than the locked toolchain', async () => {
      const [, wanted = ''] = /^go (\d+\.\d+)/m.exec(await file(dir, 'go.mod')) ?? [];
      const [, locked = ''] = /~?(1\.\d+)/.exec(debs.get('golang-1.26-go') ?? '') ?? [];
      expect(locked).not.toBe('');
      expect(Number(wanted.split('.')[1])).toBeLessThanOrEqual(Number(locked.split('.')[1]));
    });
  },
);

test('programs that share a module agree on its version', () => {
  const seen = new Map<string, string>();
  for (const { module, version } of programs.flatMap(({ modules }) => modules)) {
    expect([module, seen.get(module) ?? version]).toEqual([module, version]);
    seen.set(module, version);
  }
});

test("the site's Kubernetes is the one that is compiled, and the lock has the programs that the site needs", async () => {
  const site = await readFile(join(repository, 'config/clusters/lab.yaml'), 'utf8');
  const kube = programs.find(({ name }) => name === 'kube')?.modules[0]?.version;
  expect(site).toMatch(new RegExp(`version: ["']?${kube}["']?$`, 'm'));
  const locked = new Set(lock.go.map(({ name }) => name));
  expect(lock.go.map(({ name, module, version }) => ({ name, module, version }))).toEqual(
    programs
      .filter(({ name }) => locked.has(name))
      .map(({ name, modules: [main] }) => ({ name, module: main?.module, version: main?.version })),
  );
  // What the site's bundle sets and images have no use for is neither locked nor compiled.
  expect(programs.map(({ name }) => name).filter((name) => !locked.has(name))).toEqual([
    'svid',
    'traefik',
    'tailscale',
    'loki',
    'otelcol',
  ]);
});
