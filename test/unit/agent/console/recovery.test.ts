import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Recovery } from '../../../../agent/console/recovery.ts';
import type { Problem } from '../../../../agent/report/report.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const path = freshDirectory();
const passphrase = 'cbde-fghi-jkln-rtuv-cbde-fghi-jkln-rtuv';

test('a recovery passphrase stays until a person says that it is noted, then it is nowhere', async () => {
  await writeFile(path('recovery'), `${passphrase}\n`);
  const recovery = await Recovery.read(path('recovery'));
  expect(recovery.passphrase).toBe(passphrase);
  const told: (Problem | null)[] = [];
  const seen: (string | null)[] = [];
  const typed = ['', 'what?', 'noted'];
  const ask = async () => {
    seen.push(recovery.passphrase);
    return typed.shift() ?? expect.unreachable();
  };
  await recovery.untilNoted(ask, { lasting: (_, problem) => told.push(problem) });
  expect(seen).toEqual([passphrase, passphrase, passphrase]);
  expect(recovery.passphrase).toBeNull();
  await expect(readFile(path('recovery'))).rejects.toThrow('ENOENT');
  expect(told).toEqual([expect.objectContaining({ nextAction: expect.stringContaining('noted') }), null]);
  expect(JSON.stringify(told)).not.toContain(passphrase);
});

test('without one nobody is asked', async () => {
  const recovery = await Recovery.read(path('recovery'));
  const never = () => expect.unreachable();
  await recovery.untilNoted(never, { lasting: never });
  expect(recovery.passphrase).toBeNull();
});

test('one that was changed since is shown no more, although nobody has noted it', async () => {
  await writeFile(path('recovery'), `${passphrase}\n`);
  const recovery = await Recovery.read(path('recovery'));
  const told: (Problem | null)[] = [];
  await recovery.forget({ lasting: (_, problem) => told.push(problem) });
  expect(recovery.passphrase).toBeNull();
  await expect(readFile(path('recovery'))).rejects.toThrow('ENOENT');
  expect(told).toEqual([null]);
});
