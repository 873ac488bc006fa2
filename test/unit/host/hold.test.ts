import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { HeldError, hold } from '../../../host/hold.ts';

const module = JSON.stringify(new URL('../../../host/hold.ts', import.meta.url).href);

test('is exclusive until it is released', async () => {
  const name = randomUUID();
  const first = await hold(name);
  await expect(hold(name)).rejects.toMatchObject({ pid: String(process.pid) });
  await (await hold(randomUUID())).release();
  await first.release();
  await (await hold(name)).release();
});

test('ends with the process, however it ends; until then the other is told which one', async () => {
  const name = randomUUID();
  const program = `import { hold } from ${module}; await hold(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await expect(hold(name)).rejects.toThrow(HeldError);
  await expect(hold(name)).rejects.toMatchObject({ pid: String(child.pid) });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await hold(name)).release();
});

test('does not keep its process running', async () => {
  const program = `import { hold } from ${module}; await hold(process.argv[1]);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, randomUUID()], {
    stdio: 'inherit',
  });
  const [status] = await once(child, 'exit');
  expect(status).toBe(0);
});
