import { expect, test } from 'vitest';
import { closingLine, failureLines, sum } from '../../../cli/testing/part.ts';
import { outcomeOf } from '../../../cli/testing/vitest.ts';

const passedFile = {
  name: '/repository/test/a.test.ts',
  status: 'passed',
  message: '',
  assertionResults: [{ fullName: 'a is b', status: 'passed', failureMessages: [] }],
};

const report = {
  success: true,
  numPassedTests: 5,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [passedFile],
};

const outcome = (more: Partial<Parameters<typeof outcomeOf>[0]> = {}, endedWell = true) =>
  outcomeOf({ ...report, ...more }, '/repository', endedWell);

test('tests are counted as the report has them', () => {
  expect(outcome()).toEqual({ passed: 5, failed: 0, skipped: 2, failures: [], retried: [] });
});

test('a file that failed beside its tests is a failed test, and has a name', () => {
  const testResults = [{ ...passedFile, status: 'failed' }];
  const { failed, failures } = outcome({ success: false, testResults }, false);
  expect(failed).toBe(1);
  expect(failures).toEqual([
    { file: 'test/a.test.ts', test: '', message: 'a hook of it failed: see its output' },
  ]);
});

test('a run that failed for another reason is a failed test', () => {
  expect(outcome({ success: false })).toMatchObject({ failed: 1 });
  expect(outcome({}, false)).toMatchObject({ failed: 1, failures: [{ file: 'vitest' }] });
});

test('the closing line names skipped tests only when there are any', () => {
  const some = { passed: 2, failed: 1, skipped: 0 };
  expect(closingLine(some)).toBe('2 passed, 1 failed');
  expect(closingLine(sum([some, { passed: 1, failed: 0, skipped: 3 }]))).toBe(
    '3 passed, 1 failed, 3 skipped',
  );
});

test('each failed test is named with its file and the first line of what it said, and who passed only later', () => {
  const failure = {
    fullName: 'b is c',
    status: 'failed',
    failureMessages: ['\u001b[31mnot c\u001b[39m\n at x', 'again not c'],
  };
  const later = { ...failure, fullName: 'c is d', status: 'passed' };
  const testResults = [
    {
      ...passedFile,
      status: 'failed',
      assertionResults: [...passedFile.assertionResults, failure, later],
    },
    {
      ...passedFile,
      name: '/repository/test/d.test.ts',
      status: 'failed',
      message: 'no such module\nat y',
      assertionResults: [],
    },
  ];
  expect(failureLines([outcome({ testResults }, false)])).toEqual([
    'passed when tried again: test/a.test.ts > c is d: not c',
    'failed: test/a.test.ts > b is c: not c',
    'failed: test/d.test.ts: no such module',
  ]);
});
