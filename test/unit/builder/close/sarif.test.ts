import { expect, test } from 'vitest';
import { sarif } from '../../../../builder/close/sarif.ts';
import { CpiabError } from '../../../../contract/errors.ts';

test('findings become results with file and line, and one rule for each code', () => {
  const leak = (line: number) =>
    new CpiabError('E2201', { subject: `cluster/a b/pod.yaml:${line}`, args: ['quay.io/a:1', 'x → y'] });
  const app = new CpiabError('E2209', { subject: 'site lab', args: ['apps/x'] });
  const document = sarif([leak(7), leak(9), app], '1.2.3') as {
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: { ruleId: string; locations: unknown[] }[];
    }[];
  };
  const [run] = document.runs;
  expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(['CPIAB-E2201', 'CPIAB-E2209']);
  expect(run?.results.map(({ ruleId }) => ruleId)).toEqual(['CPIAB-E2201', 'CPIAB-E2201', 'CPIAB-E2209']);
  expect(run?.results[1]?.locations).toEqual([
    { physicalLocation: { artifactLocation: { uri: 'cluster/a%20b/pod.yaml' }, region: { startLine: 9 } } },
  ]);
});

test('a rule says what its arguments are', () => {
  const found = new CpiabError('E2206', { subject: 'a/kustomization.yaml', args: ['https://b'] });
  expect(JSON.stringify(sarif([found], '1'))).toContain('takes a base from elsewhere: <base>');
});
