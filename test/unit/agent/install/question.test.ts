import { PassThrough } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type { Candidate } from '../../../../agent/install/choose.ts';
import { DiskQuestion, linesOf } from '../../../../agent/install/question.ts';
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
  const report = { warn: (problem: Problem | null) => void shown.push(problem), observe: () => {} };
  const disk = await new DiskQuestion().ask(
    async () => disks,
    async () => lines.shift() ?? '',
    report,
    1e9,
  );
  return { path: disk.path, shown, left: lines };
}

describe('a question for a disk', () => {
  test('shows what fits, and takes the name of a blank disk', async () => {
    const { path, shown } = await asked([blank, full], ['sda']);
    expect(path).toBe('/dev/sda');
    expect(shown).toEqual([
      {
        problem: 'which disk? sda, 20 GB: blank; sdb, 20 GB: holds ext4',
        nextAction: 'type the name of a disk and press Enter, such as `sda`, or use `cpiab install`',
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

describe('an operator elsewhere', () => {
  const ssd: Candidate = { ...blank, path: '/dev/sdc', size: 90e9, model: 'Fast SSD', serial: 'S4EV' };
  /** A question that stands, and what it ends with. */
  function standing(disks: Candidate[]) {
    const question = new DiskQuestion();
    const offers: unknown[] = [];
    const report = {
      warn: () => {},
      observe: ({ install }: { install?: unknown }) => void offers.push(install),
    };
    const ask = () => new Promise<string>(() => {});
    const answer = question.ask(async () => disks, ask, report, 1e9);
    return { question, offers, answer };
  }

  test('is shown the disks while the question stands, and answers it', async () => {
    const { question, offers, answer } = standing([blank, full, ssd]);
    await vi.waitFor(() => expect(offers).toHaveLength(1));
    expect(offers[0]).toEqual({
      disks: [
        { name: 'sda', size: 20e9, model: '', serial: '', free: true, content: 'blank' },
        { name: 'sdb', size: 20e9, model: '', serial: '', free: false, content: 'holds ext4' },
        { name: 'sdc', size: 90e9, model: 'Fast SSD', serial: 'S4EV', free: true, content: 'blank' },
      ],
    });
    expect(question.answer({ disk: { model: 'ssd', minSize: '50GB' }, erase: false })).toBe(ssd);
    expect(await answer).toBe(ssd);
    expect(offers[1]).toBeNull();
  });

  test('is refused what is no one disk, or holds data, and the question stands on', async () => {
    const { question, offers, answer } = standing([blank, full, ssd]);
    await vi.waitFor(() => expect(offers).toHaveLength(1));
    const refused = async (disk: object, erase = false) =>
      (await refusal((async () => question.answer({ disk, erase }))())).code;
    expect(await refused({ name: 'sdz' })).toBe('E1304');
    expect(await refused({ minSize: '1GB' })).toBe('E1305');
    expect(await refused({ name: 'sdb' })).toBe('E1306');
    expect(question.answer({ disk: { name: 'sdb' }, erase: true })).toBe(full);
    expect(await answer).toBe(full);
    expect(await refused({ name: 'sdb' }, true)).toBe('E1307');
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
