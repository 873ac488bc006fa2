import { readFile, symlink, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../../agent/until.ts';
import { vitest } from '../../../cli/testing/vitest.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
const modules = resolve(import.meta.dirname, '../../../node_modules');

/** It starts what leads a session of its own, as a kept box does, and does not come to an end. */
const ENDLESS = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
test('endless', async () => {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  writeFileSync('PID_FILE', String(child.pid));
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}, 600_000);
`;
const CONFIG =
  "export default { test: { projects: [{ test: { name: 'unit', include: ['*.test.mjs'] } }] } };\n";

test('tests that are interrupted leave nothing running', async () => {
  const pidFile = path('pid');
  await symlink(modules, path('node_modules'));
  await writeFile(path('vitest.config.mjs'), CONFIG);
  await writeFile(path('endless.test.mjs'), ENDLESS.replace('PID_FILE', pidFile));
  const stop = new AbortController();
  const why = new Error('interrupted');
  const part = vitest('unit', 'unit', ['unit']);
  const running = part.run({ repository: path(), signal: stop.signal, onLine: () => {} });
  const ended = expect(running).rejects.toBe(why);
  const written = () => readFile(pidFile, 'utf8').catch(() => '');
  await until(async () => (await written()) !== '', AbortSignal.timeout(60_000));
  const pid = await written();
  expect(await readFile(`/proc/${pid}/comm`, 'utf8')).toBe('sleep\n');
  stop.abort(why);
  await ended;
  // A zombie stays until its parent asks. Source: proc_pid_stat(5).
  const state = () => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z ');
  await until(async () => (await state()).includes(') Z '), AbortSignal.timeout(5_000));
});
