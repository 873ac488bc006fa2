import { expect, test } from 'vitest';
import { parseChallenges } from '../../../../builder/registry/challenge.ts';

test.each([
  [
    'Bearer realm="https://auth.test/token",service="r.test",scope="repository:a/b:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.test/token',
          service: 'r.test',
          scope: 'repository:a/b:pull,push',
        },
      },
    ],
  ],
  ['Basic realm="a \\"quoted\\" place"', [{ scheme: 'basic', parameters: { realm: 'a "quoted" place' } }]],
  [
    'Basic realm=here, Bearer realm="x", error=invalid_token',
    [
      { scheme: 'basic', parameters: { realm: 'here' } },
      { scheme: 'bearer', parameters: { realm: 'x', error: 'invalid_token' } },
    ],
  ],
  ['Negotiate', [{ scheme: 'negotiate', parameters: {} }]],
  ['', []],
  ['"', []],
])('%s', (header, challenges) => {
  expect(parseChallenges(header)).toEqual(challenges);
});
