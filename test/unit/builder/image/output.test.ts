import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openOutput } from '../../../../builder/image/output.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';

const here = freshDirectory();

/** Another process that holds the output directory until it is killed. */
async function holder(): Promise<ChildProcess> {
  const program = `
    import { openOutput } from ${JSON.stringify(new URL('../../../../builder/image/output.ts', import.meta.url).href)};
    await openOutput(process.argv[1]);
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program, here('out')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('openOutput', () => {
  test('refuses a second build while the first runs, naming its process', async () => {
    const child = await holder();
    try {
      const error = await refusal(openOutput(here('out')));
      expect(error).toMatchObject({ code: 'E3005', subject: here('out') });
      expect(error.message).toContain(`process ${child.pid}`);
    } finally {
      await kill(child);
    }
  });

  test('takes over from a build that was killed, and clears what it left', async () => {
    const child = await holder();
    await writeFile(here('out', '.new', 'half'), '');
    await kill(child);
    const output = await openOutput(here('out'));
    expect(await readdir(output.scratch)).toEqual([]);
    await output.close();
  });

  test('knows the directory under another path', async () => {
    const output = await openOutput(here('out'));
    await symlink(here('out'), here('alias'));
    expect(await refusal(openOutput(here('alias')))).toMatchObject({ code: 'E3005' });
    await output.close();
    await (await openOutput(here('alias'))).close();
  });

  test('of many at once exactly one gets it', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => openOutput(here('out'))));
    const opened = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(opened).toHaveLength(1);
    await opened[0]?.close();
  });

  test('leaves nothing of its own behind', async () => {
    await (await openOutput(here('out'))).close();
    expect(await readdir(here('out'))).toEqual([]);
  });

  test('refuses a directory that cannot be written', async () => {
    await writeFile(here('file'), '');
    expect(await refusal(openOutput(here('file', 'out')))).toMatchObject({ code: 'E4012', exit: 4 });
    await symlink('/proc', here('proc'));
    for (let time = 0; time < 2; time++) {
      expect(await refusal(openOutput(here('proc')))).toMatchObject({ code: 'E4012' });
    }
  });
});

describe('publish', () => {
  test('gives files and directories their names, replacing what was there', async () => {
    const output = await openOutput(here('out'));
    for (const text of ['old', 'new']) {
      await writeFile(`${output.scratch}/a.iso`, text);
      await mkdir(`${output.scratch}/bundle`);
      await writeFile(`${output.scratch}/bundle/only-${text}`, '');
      await output.publish(`${output.scratch}/a.iso`, 'a.iso');
      await output.publish(`${output.scratch}/bundle`, 'bundle');
    }
    await output.close();
    expect(await readFile(here('out', 'a.iso'), 'utf8')).toBe('new');
    expect((await readdir(here('out', 'bundle'))).toSorted()).toEqual(['only-new']);
    expect((await readdir(here('out'))).toSorted()).toEqual(['a.iso', 'bundle']);
  });

  test('has a whole file at its name at every moment', async () => {
    const output = await openOutput(here('out'));
    await writeFile(here('out', 'a.iso'), '0');
    let missing = 0;
    let running = true;
    const watching = (async () => {
      while (running) await stat(here('out', 'a.iso')).catch(() => missing++);
    })();
    for (let turn = 1; turn <= 100; turn++) {
      await writeFile(`${output.scratch}/a.iso`, String(turn));
      await output.publish(`${output.scratch}/a.iso`, 'a.iso');
    }
    running = false;
    await watching;
    expect(missing).toBe(0);
    await output.close();
  });

  test('leaves the old one at its name when the new one is not there', async () => {
    const output = await openOutput(here('out'));
    await writeFile(here('out', 'a.iso'), 'old');
    await mkdir(here('out', 'bundle'));
    await writeFile(here('out', 'bundle', 'old'), '');
    for (const name of ['a.iso', 'bundle']) {
      await expect(output.publish(`${output.scratch}/${name}`, name)).rejects.toThrow('ENOENT');
    }
    await output.close();
    expect(await readFile(here('out', 'a.iso'), 'utf8')).toBe('old');
    expect(await readdir(here('out', 'bundle'))).toEqual(['old']);
  });
});
