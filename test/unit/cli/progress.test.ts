import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { type ProgressForm, presenter, progressForm } from '../../../cli/progress.ts';
import type { ProgressEvent } from '../../../contract/progress.ts';

const events: ProgressEvent[] = [
  { type: 'start', id: 'kube', title: 'compile kube' },
  { type: 'start', id: 'os', title: 'assemble OS', detail: '212 packages' },
  { type: 'progress', id: 'kube', bytes: 5_000_000 },
  { type: 'done', id: 'os', tookMs: 61_000, bytes: 310_000_000 },
  { type: 'skip', id: 'disk', title: 'disk image', detail: 'not asked for' },
  { type: 'done', id: 'kube', tookMs: 10, cached: true },
  { type: 'start', id: 'iso', title: 'ISO' },
  { type: 'fail', id: 'iso', detail: 'no space', tookMs: 1200 },
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

async function shown(form: ProgressForm): Promise<string> {
  const { stream, text } = recorder(form === 'live');
  const display = await presenter(form, stream, () => 0);
  for (const event of events) display.sink(event);
  display.note('a note');
  display.close();
  return text();
}

test('without a terminal: one line for each start and end, with time and size', async () => {
  const lines = (await shown('plain')).trimEnd().split('\n');
  expect(lines).toEqual([
    '[    0.0 s]   compile kube',
    '[    0.0 s]   assemble OS  212 packages',
    '[    0.0 s] ✔ assemble OS  1 min 01 s  310 MB',
    '[    0.0 s] - disk image  skipped: not asked for',
    '[    0.0 s] ✔ compile kube  from the cache',
    '[    0.0 s]   ISO',
    '[    0.0 s] ✖ ISO  1.2 s  no space',
    'a note',
  ]);
});

test('with --json: one event a line', async () => {
  const lines = (await shown('json')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    ...events,
    { type: 'note', detail: 'a note' },
  ]);
});

test('on a terminal: finished parts stay, and the cursor is given back', async () => {
  const text = await shown('live');
  const plain = stripVTControlCharacters(text);
  for (const line of ['✔ assemble OS  1 min 01 s  310 MB', '✔ compile kube  from the cache', 'a note']) {
    expect(plain).toContain(`${line}\n`);
  }
  expect(text.lastIndexOf('\u001B[?25h')).toBeGreaterThanOrEqual(text.lastIndexOf('\u001B[?25l'));
});

test('the list is live only where a person watches', () => {
  const [terminal, pipe] = [recorder(true).stream, recorder(false).stream];
  expect(progressForm(false, terminal, {})).toBe('live');
  expect(progressForm(false, terminal, { CI: 'true' })).toBe('plain');
  expect(progressForm(false, terminal, { TERM: 'dumb' })).toBe('plain');
  expect(progressForm(false, pipe, {})).toBe('plain');
  expect(progressForm(true, terminal, {})).toBe('json');
});
