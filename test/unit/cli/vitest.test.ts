import { expect, test } from 'vitest';
import { closingLine, sum } from '../../../cli/testing/part.ts';
import { countTests } from '../../../cli/testing/vitest.ts';

const report = {
  success: true,
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [{ status: 'passed', assertionResults: [{}] }],
};

test('tests are counted as the report has them', () => {
  expect(countTests(report)).toEqual({ passed: 5, failed: 0, skipped: 2 });
  expect(countTests({ ...report, success: false, numFailedTests: 2 })).toMatchObject({ failed: 2 });
});

test('a file that could not be loaded is a failed test', () => {
  const testResults = [{ status: 'failed', assertionResults: [] }];
  expect(countTests({ ...report, success: false, testResults })).toMatchObject({ failed: 1 });
});

test('a run that failed for another reason is a failed test', () => {
  expect(countTests({ ...report, success: false })).toMatchObject({ failed: 1 });
});

test('the closing line names skipped tests only when there are any', () => {
  const some = { passed: 2, failed: 1, skipped: 0 };
  expect(closingLine(some)).toBe('2 passed, 1 failed');
  expect(closingLine(sum([some, { passed: 1, failed: 0, skipped: 3 }]))).toBe(
    '3 passed, 1 failed, 3 skipped',
  );
});
