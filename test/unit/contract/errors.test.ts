import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CpiabError, combined, type ErrorCode, type ErrorKind, errors } from '../../../contract/errors.ts';

const kinds = Object.entries<ErrorKind>(errors);
/** Group of a code, its first digit → exit statuses its errors may have. */
const statuses: Record<string, number[]> = {
  '1': [2],
  '2': [3],
  '3': [1],
  '4': [4],
  '5': [1],
  '9': [1, 130],
};

describe('the table of errors', () => {
  test.each(kinds)('%s has the exit status of its group', (code, { exit }) => {
    expect(statuses[code[1] ?? '']).toContain(exit);
  });

  test('has each code once, whichever file it is in', async () => {
    const folder = join(import.meta.dirname, '../../../contract/errors');
    const files = await Promise.all(
      (await readdir(folder)).map(async (name): Promise<object> => await import(join(folder, name))),
    );
    const codes = files.flatMap((file) => Object.values(file).flatMap(Object.keys));
    expect(codes.toSorted()).toEqual(Object.keys(errors).toSorted());
  });

  test.each(kinds)('%s says what happened and what to do, without a full stop', (_code, { says, hint }) => {
    const args = Array.from({ length: says.length }, () => 'VALUE');
    const [message, advice] = [says(...args), typeof hint === 'string' ? hint : hint(...args)];
    for (const text of [message, advice]) {
      expect(text.length).toBeGreaterThan(4);
      expect(text).not.toMatch(/\.$|undefined|\n/);
    }
  });
});

describe('an error', () => {
  const cause = new Error('bad block');
  const error = new CpiabError('E1005', {
    subject: 'lab.lock.json',
    args: ['bundles/core.yaml', 'lab'],
    cause,
  });

  test('is text with code, subject, what happened and a hint', () => {
    expect(error.toText()).toBe(
      'CPIAB-E1005 lab.lock.json: the lock is older than what it was made from: bundles/core.yaml\n' +
        'hint: run `./cpiab lock lab` and commit the result',
    );
  });

  test('is a document with the same facts and its cause', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'CPIAB-E1005',
      subject: 'lab.lock.json',
      message: 'the lock is older than what it was made from: bundles/core.yaml',
      hint: 'run `./cpiab lock lab` and commit the result',
      cause: 'bad block',
    });
  });

  test('has the exit status of its kind', () => {
    const exits = (['E1006', 'E2103', 'E9002'] satisfies ErrorCode[]).map(
      (code) => new CpiabError(code, { subject: 'x' }).exit,
    );
    expect(exits).toEqual([2, 3, 130]);
  });

  test('can carry others of the same run', () => {
    const all = combined([
      new CpiabError('E2103', { subject: 'one' }),
      new CpiabError('E2105', { subject: 'two' }),
    ]);
    expect(all.toText().match(/^CPIAB-\w+/gm)).toEqual(['CPIAB-E2103', 'CPIAB-E2105']);
    expect(all.toJSON().others?.map(({ subject }) => subject)).toEqual(['two']);
  });
});
