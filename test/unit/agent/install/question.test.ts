import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../../../agent/install/choose.ts';
import { askForDisk, linesOf } from '../../../../agent/install/question.ts';
import type { Problem } from '../../../../agent/report/report.ts';
import { refusal } from '../../../support/refusal.ts';

const blank: Candidate = {
  path: '/dev/sda',
  size: 20e9,
  model: '',
  serial: '',
  unfit: null,
  content: { kind: 'blank' },
};
const full: Candidate = { ...blank, path: '/dev/sdb', content: { kind: 'foreign', found: ['ext4'] } };

/** What a person is shown and chooses who types these lines. */
async function asked(disks: Candidate[], lines: string[]) {
  const shown: (Problem | null)[] = [];
  const report = { warn: (problem: Problem | null) => void shown.push(problem) };
  const disk = await askForDisk(
    async () => disks,
    async () => lines.shift() ?? '',
    report,
    1e9,
  );
  return { path: disk.path, shown, left: lines };
}

describe('askForDisk', () => {
  test('shows what fits, and takes the name of a blank disk', async () => {
    const { path, shown } = await asked([blank, full], ['sda']);
    expect(path).toBe('/dev/sda');
    expect(shown).toEqual([
      {
        problem: 'which disk? sda, 20 GB: blank; sdb, 20 GB: holds ext4',
        nextAction: 'type the name of a disk and press Enter, such as `sda`',
      },
      null,
    ]);
  });

  test('takes one that holds data only with the word, and says so', async () => {
    const { path, shown } = await asked(
      [blank, full],
      ['sdb', 'yes', 'Erase sdb', '', ' erase  /dev/sdb ', 'sda'],
    );
    expect(path).toBe('/dev/sdb');
    expect(shown.map((problem) => problem?.problem.split(';')[0])).toEqual([
      'which disk? sda, 20 GB: blank',
      'sdb holds data: type `erase sdb`',
      'there is no disk "yes"',
      'there is no disk "Erase sdb"',
      'there is no disk ""',
      undefined,
    ]);
  });

  test('shows no disk that does not fit', async () => {
    const medium = { ...blank, path: '/dev/sdc', unfit: 'in use' };
    const { shown } = await asked([medium, blank], ['sdc', 'sda']);
    expect(shown[1]?.problem).toMatch(/^there is no disk "sdc"/);
    expect((await refusal(asked([medium], []))).code).toBe('E1301');
  });
});

describe('linesOf', () => {
  test('gives lines of any console, in the order in which they end', async () => {
    const [screen, serial] = [new PassThrough(), new PassThrough()];
    const ask = linesOf([screen, serial], new AbortController().signal);
    const first = ask();
    screen.write('sd');
    serial.write('sdb\n');
    expect(await first).toBe('sdb');
    screen.write('a\nlater\n');
    expect([await ask(), await ask()]).toEqual(['sda', 'later']);
  });

  test('ends with the signal, and outlives a port without hardware', async () => {
    const dead = new PassThrough();
    const stop = new AbortController();
    const ask = linesOf([dead], stop.signal)();
    dead.destroy(new Error('EIO'));
    stop.abort(new Error('stopped'));
    await expect(ask).rejects.toThrow('stopped');
  });
});
