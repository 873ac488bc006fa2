import { execFileSync } from 'node:child_process';
import { constants, openSync, readSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConsoleDevice, openConsole, serialConsoles } from '../../../agent/console/device.ts';

let directory: string;
let path: string;
let reader: number;

/** A pipe stands for a serial line: it takes so much, and then no more until somebody reads. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-console-'));
  path = join(directory, 'line');
  execFileSync('mkfifo', [path]);
  reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
});
afterEach(() => rm(directory, { recursive: true }));

function read(): string {
  const bytes = Buffer.alloc(1 << 20);
  let length = 0;
  try {
    for (let more = 1; more > 0; length += more)
      more = readSync(reader, bytes, length, bytes.length - length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
  return bytes.toString('utf8', 0, length);
}

describe('ConsoleDevice', () => {
  test('what is written arrives', () => {
    const device = new ConsoleDevice(path);
    device.write('hello\n');
    expect(read()).toBe('hello\n');
    device.close();
  });

  test('a line that takes nothing does not block, and the rest follows when it does', async () => {
    const device = new ConsoleDevice(path);
    const line = `${'x'.repeat(1023)}\n`;
    for (let count = 0; count < 100; count++) device.write(line);
    const first = read().length;
    expect(first).toBeLessThan(100 * 1024);
    await sleep(120);
    expect(first + read().length).toBe(100 * 1024);
    device.close();
  });

  test('when too much waits, whole old lines go and the newest stay', async () => {
    const device = new ConsoleDevice(path);
    for (let count = 0; count < 4000; count++) device.write(`line ${count} ${'x'.repeat(50)}\n`);
    let text = read();
    for (let round = 0; round < 4; round++) {
      await sleep(60);
      text += read();
    }
    const lines = text.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/^line 3999 /);
    expect(lines.length).toBeLessThan(4000);
    device.close();
  });
});

test('a console that is not there, or is none, is left out', () => {
  expect(openConsole(join(directory, 'missing'))).toBeNull();
  expect(openConsole(directory)).toBeNull();
});

test("the kernel's serial consoles are used, and the first port in any case", async () => {
  const active = join(directory, 'active');
  await writeFile(active, 'tty0 hvc0\n');
  expect(serialConsoles(active)).toEqual(['/dev/hvc0', '/dev/ttyS0']);
  await writeFile(active, 'tty0 ttyS0\n');
  expect(serialConsoles(active)).toEqual(['/dev/ttyS0']);
});
