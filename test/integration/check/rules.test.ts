import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkRepository } from '../../../builder/check/check.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { checkTree } from '../../../policy/check-tree.ts';
import { type Finding, placeOf } from '../../../policy/finding.ts';
import { type RuleName, rules } from '../../../policy/rules.ts';
import { workTree } from '../../../policy/tree/work-tree.ts';
import { badClusterCommits } from '../../support/bad-commits/cluster.ts';
import { badNasCommits } from '../../support/bad-commits/nas.ts';
import { badRepositoryCommits } from '../../support/bad-commits/repository.ts';
import { badWorkloadsCommits } from '../../support/bad-commits/workloads.ts';
import { goodCommits } from '../../support/good-commits.ts';
import { WorkCopy } from '../../support/work-copy.ts';

const date = '2026-11-22';
const { signal } = new AbortController();
const bad = [...badRepositoryCommits, ...badClusterCommits, ...badNasCommits, ...badWorkloadsCommits];
/** What only a bundle can tell. */
const ofBundle: RuleName[] = ['image-missing', 'source-missing'];
/** What is about a push, not about files; test/integration/serve/guardrails.test.ts has these. */
const ofPush: RuleName[] = [
  'protected-branch',
  'reference-name',
  'tag-moved',
  'signature',
  'push-size',
  'submodule',
];

let work: WorkCopy;
let images: string[];
beforeAll(async () => {
  work = await WorkCopy.make();
  images = (await work.git('grep', '-hoE', 'image: [^ ]+', '--', 'cluster')).split('\n');
});
afterEach(() => work.reset());
afterAll(() => work.remove());

/** What each bad change was found to break, for the tests after it. */
const found = new Map<string, Finding[]>();

const check = async () =>
  (await checkRepository({ repository: work.root, paths: [], date }, signal)).findings;

/** The same, held against a bundle that has the images of the committed tree. */
async function checkWithBundle(): Promise<Finding[]> {
  const paths = await work.git('ls-files', '--cached', '--others');
  const tree = await workTree(work.root, paths.split('\n'));
  const site = parseBoxSite(parse((await tree.read(['config/clusters/lab.yaml']))[0] ?? ''));
  const digest = `sha256:${'0'.repeat(64)}` as const;
  const known = images.map((image) => [image.replace('image: ', ''), digest] as const);
  const carried = { images: new Map(known), charts: new Set<string>(), repositories: new Set<string>() };
  return await checkTree({ tree, site, date, carried });
}

describe('refused with file, line and rule', () => {
  test.each(bad)('%s (%s)', async (what, rule, place, make) => {
    await make(work);
    const findings = ofBundle.includes(rule) ? await checkWithBundle() : await check();
    found.set(what, findings);
    expect(findings.map((finding) => `${placeOf(finding)}: ${finding.rule}`)).toContain(`${place}: ${rule}`);
  });
});

describe('without a rule something bad would pass', () => {
  const own = (Object.keys(rules) as RuleName[]).filter((rule) => !ofPush.includes(rule));
  test.each(own)('%s', (rule) => {
    const changes = bad.filter(([, expected]) => expected === rule).map(([what]) => found.get(what) ?? []);
    const onlyByIt = changes.filter(
      (findings) => findings.length > 0 && findings.every((finding) => finding.rule === rule),
    );
    expect(onlyByIt.length, JSON.stringify(changes, null, 2)).toBeGreaterThan(0);
  });
});

describe('passes', () => {
  test('what is committed here', async () => {
    expect(await check()).toEqual([]);
    expect(await checkWithBundle()).toEqual([]);
  });

  test.each(goodCommits)('%s', async (_, make) => {
    await make(work);
    expect(await check()).toEqual([]);
  });
});

test('there are as many as was promised', () => {
  expect(new Set(bad.map(([, rule]) => rule)).size).toBeGreaterThanOrEqual(25);
  expect(goodCommits.length).toBeGreaterThanOrEqual(10);
});
