import { describe, expect, test } from 'vitest';
import { gateOf } from '../../../../agent/stage/gate.ts';
import type { StageCompletion } from '../../../../contract/stage.ts';
import { entry, reportOf } from '../../../support/postcheck/report.ts';

const green = reportOf(entry('engine/nodes', 'pass'), entry('secrets/decrypt', 'notApplicable'));
const facts = { site: 'lab', completed: [], report: green, head: green.revision, sequence: 7 };

describe('stage 1', () => {
  test('is signed with what was found: which box, commit, bundle and report', () => {
    const { open, lacking, statement } = gateOf(facts);
    expect({ open, lacking }).toEqual({ open: 1, lacking: null });
    expect(statement).toMatchObject({
      ...{ stage: 1, site: 'lab', box: 'b1', revision: green.revision, bundle: { sequence: 7 } },
      postcheck: { passed: 1, notApplicable: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  test.each([
    ['nothing was checked', { report: null }, 'no post-check of this box was made'],
    [
      'a check failed',
      { report: reportOf(entry('engine/dns', 'unknown')) },
      'the latest post-check failed: engine/dns',
    ],
    [
      'Git went on',
      { head: 'e'.repeat(40) },
      'the latest post-check is of dddddddddddd, Git is at eeeeeeeeeeee',
    ],
    ['the version changed', { sequence: 8 }, 'the latest post-check is of bundle 7, the box runs 8'],
  ])('is not when %s', (_when, change, lacking) => {
    expect(gateOf({ ...facts, ...change })).toMatchObject({ lacking, statement: null });
  });
});

test('after stage 1, stage 2 is open', () => {
  const completed = [{} as StageCompletion];
  expect(gateOf({ ...facts, completed })).toMatchObject({ open: 2, statement: null });
});
