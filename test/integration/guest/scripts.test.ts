import { resolve } from 'node:path';
import { test } from 'vitest';
import { run } from '../../../host/process.ts';

const scripts = resolve(import.meta.dirname, '../../../agent/files/usr/lib/cpiab/guest');

test('the scripts of a machine that joins as it is are free of shellcheck findings', async () => {
  const names = ['join', 'root', 'unstack', 'leave', 'cpiab'];
  await run(['shellcheck', ...names.map((name) => resolve(scripts, name))]);
});
