import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import type { DebStore } from '../../../../builder/fetch/debs.ts';
import { assembleOs } from '../../../../builder/fetch/os-root.ts';
import { compileProgram } from '../../../../builder/fetch/programs.ts';
import { run } from '../../../../host/process.ts';
import type { Sandbox } from '../../../../host/sandbox.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { quietHost } from '../../../support/quiet-host.ts';
import { refusal } from '../../../support/refusal.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const here = freshDirectory();

/** A sandbox in which every tool says this and fails. */
const failing = (says: string): Sandbox => ({
  key: 'failing',
  run: async (_, { onLine } = {}) =>
    await run(
      ['sh', '-c', 'printf "%s\\n" "$1" >&2; exit 1', 'sh', says],
      onLine === undefined ? {} : { onLine },
    ),
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(here(path)), { recursive: true });
  await writeFile(here(path), text);
}

test('a program that does not compile is told with the first error and the log', async () => {
  await put('supply/go/tool/go.mod', 'module tool\n');
  const program = {
    name: 'tool',
    dir: 'tool',
    outputs: [{ bin: 'tool', package: '.' }],
    tags: [],
    variables: {},
  };
  const sandbox = failing('go: downloading x v1\nmain.go:3:1: syntax error');
  const toolchain = { sandbox, key: 'x', modules: '/x', binds: [], env: {} };
  const host = quietHost(here(), here('cache'));
  const modules = [{ module: 'tool', version: 'v1', licence: 'MIT' }];
  const refused = await refusal(compileProgram({ ...program, modules }, toolchain, host));
  expect([refused.code, refused.subject, refused.exit]).toEqual(['E3003', 'tool', 1]);
  expect(refused.message).toContain('main.go:3:1: syntax error');
  expect(refused.hint).toContain('go-tool');
});

test('a script of the operating system that fails is told with what it said and the log', async () => {
  await put('images/os/base.sh', 'exit 1\n');
  const debs = { set: () => [], file: () => ({}), unpack: async () => {} } as unknown as DebStore;
  const sandbox = failing('E: Unable to correct problems');
  const refused = await refusal(assembleOs(tinyLock(), debs, sandbox, quietHost(here(), here('cache'))));
  expect([refused.code, refused.subject, refused.exit]).toEqual(['E3004', 'images/os/base.sh', 1]);
  expect(refused.message).toContain('E: Unable to correct problems');
});
