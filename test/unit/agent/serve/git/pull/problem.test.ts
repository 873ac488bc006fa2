import { expect, test } from 'vitest';
import { pullProblem } from '../../../../../../agent/serve/git/pull/problem.ts';
import type { PullStatus } from '../../../../../../contract/status.ts';

const told = (state: PullStatus['state']) =>
  pullProblem({ url: 'https://192.0.2.10/site.git', state, head: 'ab'.repeat(20), detail: 'why' });

test.each(['waiting', 'current', 'pulled', 'ahead', 'unreachable'] as const)('%s calls nobody', (state) => {
  expect(told(state)).toBeNull();
});

test.each([
  ['refused', /another commit/],
  ['diverged', /merge/],
] as const)('%s names the commit, why, and what to do', (state, next) => {
  expect(told(state)).toEqual({
    problem: 'abababababab of https://192.0.2.10/site.git is not taken: why',
    nextAction: expect.stringMatching(next),
  });
});
