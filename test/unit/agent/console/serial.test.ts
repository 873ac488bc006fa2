import { beforeEach, describe, expect, test } from 'vitest';
import { SerialReport } from '../../../../agent/console/serial.ts';
import { BoxReport } from '../../../../agent/report/report.ts';
import { parseConsoleLine } from '../../../../contract/console.ts';

let ms: number;
let text: string;
let report: BoxReport;
let serial: SerialReport;
const lines = () => text.trimEnd().split('\n');
const statuses = () => lines().flatMap((line) => parseConsoleLine(line) ?? []);

beforeEach(() => {
  ms = 1000;
  text = '';
  report = new BoxReport(['verify', 'serve'], () => ms, 'lab');
  serial = new SerialReport(
    report,
    (more) => (text += more),
    () => ms,
  );
});

describe('SerialReport', () => {
  test('one line for a person and one for programs at each change', () => {
    report.begin('verify');
    report.set({ fingerprint: 'ab'.repeat(32) });
    ms = 9400;
    report.done('verify', '60 files match');
    expect(lines()[0]).toBe('[   1.0 s] verify   running');
    expect(lines()[3]).toBe('[   9.4 s] verify   done: 60 files match');
    expect(statuses()).toEqual([
      {
        phase: 'verify',
        step: 'verify',
        ms: 1000,
        fingerprint: null,
        problem: null,
        nextAction: null,
      },
      {
        phase: 'verify',
        step: 'verify',
        ms: 1000,
        fingerprint: 'ab'.repeat(32),
        problem: null,
        nextAction: null,
      },
      {
        phase: 'verify',
        step: 'verify',
        ms: 9400,
        fingerprint: 'ab'.repeat(32),
        problem: null,
        nextAction: null,
      },
    ]);
  });

  test('while a step is long, a line every 15 s says what it waits for, and only then', () => {
    report.begin('verify');
    report.progress('verify', '10 of 600 MiB');
    const before = text;
    ms += 14_000;
    serial.tick();
    expect(text).toBe(before);
    ms += 1000;
    serial.tick();
    serial.tick();
    expect(text.slice(before.length)).toBe('[  16.0 s] verify   running: 10 of 600 MiB\n');
  });

  test('a problem is shown with what to do', () => {
    report.begin('verify');
    report.failed('verify', { problem: 'blob x is wrong', nextAction: 'copy it' }, true);
    expect(text).toContain('  problem: blob x is wrong\n  next:    copy it\n');
    expect(statuses().at(-1)).toMatchObject({
      phase: 'failed',
      problem: 'blob x is wrong',
      nextAction: 'copy it',
    });
  });

  test('ends with a table of the steps, and the time of the last one', () => {
    report.begin('verify');
    ms = 5000;
    report.done('verify', '');
    report.begin('serve');
    ms = 7000;
    report.done('serve', '');
    ms = 7500;
    report.ready();
    expect(text).toContain('  verify      1.0 s +    4.0 s\n  serve       5.0 s +    2.0 s\n');
    expect(statuses().at(-1)).toMatchObject({ phase: 'ready', ms: 7000 });
  });

  test('a change that says nothing new is silent', () => {
    report.begin('verify');
    const before = text;
    report.warn(null);
    expect(text).toBe(before);
  });
});
