import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ProgressForm, progressForm } from '../../../../cli/progress/form.ts';
import { presenter } from '../../../../cli/progress/presenter.ts';
import type { ProgressEvent } from '../../../../contract/progress.ts';

const events: ProgressEvent[] = [
  { type: 'start', id: 'fetch', title: 'fetch: fill the cache', phase: 'stage' },
  { type: 'start', id: 'kube', title: 'kube', phase: 'compile' },
  { type: 'start', id: 'debs', title: 'packages', phase: 'download', total: 310_000_000 },
  { type: 'progress', id: 'debs', bytes: 5_000_000 },
  { type: 'done', id: 'debs', tookMs: 61_000, bytes: 310_000_000 },
  { type: 'skip', id: 'disk', title: 'disk image', detail: 'not asked for' },
  { type: 'done', id: 'kube', tookMs: 10, cached: true },
  { type: 'done', id: 'fetch', tookMs: 62_000 },
];

/** A stream that keeps what is written, as a terminal of 80 columns or none. */
function recorder(isTTY: boolean) {
  const chunks: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  Object.assign(stream, { isTTY, columns: 80, rows: 24 });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => chunks.join('') };
}

async function shown(
  form: ProgressForm,
  given: ProgressEvent[] = events,
  { whole = true, stopped = false } = {},
) {
  const { stream, text } = recorder(form === 'live');
  const display = await presenter(form, stream, { now: () => 0, stopped: () => stopped });
  for (const event of given) display.sink(event);
  display.note('a note');
  display.close(whole);
  return text();
}

const summary = [
  '  slowest               time        size',
  '  packages  downloaded  1 min 01 s  310 MB',
  '0.0 s in all: 1 part made, 1 from the cache, 310 MB downloaded',
];

test('without a terminal: a line for each start and end, with time and size, and a summary', async () => {
  expect((await shown('plain')).trimEnd().split('\n')).toEqual([
    '[    0.0 s]   fetch: fill the cache',
    '[    0.0 s]   kube',
    '[    0.0 s]   packages',
    '[    0.0 s] ✔ packages  1 min 01 s  310 MB',
    '[    0.0 s] - disk image  skipped: not asked for',
    '[    0.0 s] ✔ kube  from the cache',
    '[    0.0 s] ✔ fetch: fill the cache  1 min 02 s',
    'a note',
    ...summary,
  ]);
});

test('with --json: one event a line, bytes of a part at most once a second', async () => {
  const more: ProgressEvent = { type: 'progress', id: 'debs', bytes: 6_000_000 };
  const given = events.toSpliced(4, 0, more, more);
  const lines = (await shown('json', given)).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    ...events,
    { type: 'note', detail: 'a note' },
  ]);
});

test('on a terminal: what was made stays, what the cache had is only counted, the cursor is given back', async () => {
  const text = await shown('live');
  const lines = stripVTControlCharacters(text).split('\n');
  for (const line of ['✔ packages  1 min 01 s  310 MB', 'a note', ...summary])
    expect(lines.map((found) => found.trim())).toContain(line.trim());
  expect(stripVTControlCharacters(text)).not.toContain('kube  from the cache');
  expect(text.split('\u001B[?25l')).toHaveLength(2);
  expect(text.lastIndexOf('\u001B[?25h')).toBeGreaterThan(text.lastIndexOf('\u001B[?25l'));
});

test.each(['plain', 'live'] as const)('%s: work that was cut short is not summed up', async (form) => {
  expect(await shown(form, events, { whole: false })).not.toContain('in all');
});

describe('a part that fails', () => {
  const failing: ProgressEvent[] = [
    { type: 'start', id: 'fetch', title: 'fetch', phase: 'stage' },
    { type: 'start', id: 'iso', title: 'ISO' },
    { type: 'fail', id: 'iso', detail: 'no space\nat all', tookMs: 1200 },
    { type: 'fail', id: 'fetch', detail: 'no space\nat all', tookMs: 1300 },
  ];
  test('says why once', async () => {
    const text = stripVTControlCharacters(await shown('plain', failing));
    expect(text).toContain('✖ ISO  1.2 s  no space\n');
    expect(text).toContain('✖ fetch  1.3 s\n');
  });
  test('has not failed when the person wanted to stop', async () => {
    expect(await shown('plain', failing, { stopped: true })).not.toContain('✖');
  });
});

describe('while nothing ends', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  test('a log hears of what runs once in 30 seconds', async () => {
    const { stream, text } = recorder(false);
    let clock = 0;
    const display = await presenter('plain', stream, { now: () => clock, stopped: () => false });
    for (const event of events.slice(0, 4)) display.sink(event);
    const before = text();
    for (clock = 1000; clock <= 65_000; clock += 1000) vi.advanceTimersByTime(1000);
    display.close(false);
    const lines = text().slice(before.length).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^\[ {3}\d\d\.0 s\] {3}… kube {2}compile {2}\S+ s; packages {2}download {2}5\.0 MB of 310 MB/,
    );
  });
});

test('the table is live only where a person watches', () => {
  const [terminal, pipe] = [recorder(true).stream, recorder(false).stream];
  expect(progressForm(false, terminal, {})).toBe('live');
  expect(progressForm(false, terminal, { CI: 'true' })).toBe('plain');
  expect(progressForm(false, terminal, { TERM: 'dumb' })).toBe('plain');
  expect(progressForm(false, pipe, {})).toBe('plain');
  expect(progressForm(true, terminal, {})).toBe('json');
});
