import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asError } from '../../../cli/as-error.ts';
import { CpiabError } from '../../../contract/errors.ts';
import { run } from '../../../host/process.ts';

const calm = new AbortController().signal;
const thrownBy = async (work: Promise<unknown>) =>
  await work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

test('an error with a code stays what it is', async () => {
  const error = new CpiabError('E2103', { subject: 'blob' });
  expect(await asError(error, 'cpiab verify', calm)).toBe(error);
});

test('whatever is thrown after Ctrl-C is an interruption', async () => {
  const error = await asError(new Error('socket closed'), 'cpiab boot', AbortSignal.abort());
  expect(error).toMatchObject({ code: 'E9002', exit: 130, subject: 'cpiab boot' });
});

test('a program that is not there names its package', async () => {
  const error = await thrownBy(
    run(['xorriso'], { env: { PATH: mkdtempSync(join(tmpdir(), 'cpiab-path-')) } }),
  );
  expect(await asError(error, 'cpiab verify', calm)).toMatchObject({
    code: 'E4007',
    subject: 'xorriso',
    exit: 4,
  });
});

test('a full disk is told with the file', async () => {
  const error = await thrownBy(writeFile('/dev/full', 'x'));
  expect(await asError(error, 'cpiab build', calm)).toMatchObject({ code: 'E3009' });
});

test('a place that cannot be written is told', async () => {
  const error = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS', path: '/media/x' });
  expect(await asError(error, 'cpiab build', calm)).toMatchObject({
    code: 'E4012',
    subject: '/media/x',
    exit: 4,
  });
});

test('anything else is a defect, with its cause', async () => {
  const cause = new TypeError('x is not a function\nat…');
  const error = await asError(cause, 'cpiab build', calm);
  expect(error).toMatchObject({ code: 'E9001', message: 'unexpected: x is not a function', cause });
});
