import { createHash, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodePublicKey, generateSiteKey, signBytes } from '../../../builder/bundle/minisign.ts';
import { checkYaml } from '../../../contract/document/check-yaml.ts';
import { type DrillReport, DrillReportSchema, verdictOf } from '../../../contract/drill/report.ts';
import { type Scenario, ScenarioSchema } from '../../../contract/drill/scenario.ts';
import { stepNames } from '../../../contract/drill/steps.ts';
import {
  databasesOf,
  evidenceFiles,
  fencedAt,
  historyOf,
  limitsOf,
  type Measured,
  readWrites,
} from '../../../drill/evidence/build.ts';
import { verifyEvidence } from '../../../drill/evidence/verify.ts';
import { Journal } from '../../../drill/journal.ts';
import { lostOf, partsOf, requestsOf, writersOf } from '../../../drill/measure/writes.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = keptDirectory();
const key = generateSiteKey();
const hash = (text: string) => createHash('sha256').update(text).digest('hex');
let scenario: Scenario;
let report: DrillReport;

const kept: NonNullable<Measured['kept']> = {
  ...{ bank: 'b', acknowledged: 4, statements: 2, files: 2, balanced: true },
  ...{ missingPayments: [], missingStatements: [], missingFiles: [] },
};
const measured = { egress: { 'a/web': 0, 'b/web': 0 }, logs: [] };

/** A drill of one minute, a step a second: bank A takes writes until the fence, bank B after it. */
beforeAll(async () => {
  const text = await readFile(join(import.meta.dirname, '../../../drills/bank-a-to-bank-b.yaml'), 'utf8');
  scenario = checkYaml(text, ScenarioSchema, 'scenario').content;
  const fence = 1000 * stepNames.indexOf('move.fence');
  const servers = databasesOf(scenario);
  const at = (server: string, time: number) => ({ id: randomUUID(), server, time });
  const writes = [at(servers.a, fence - 400), at(servers.a, fence - 100), at(servers.b, fence + 4000)];
  writes.push(at(servers.b, fence + 4300));
  const results: Record<string, unknown> = { 'settle.writes': kept, 'close.measure': measured };
  const lines = (of: object[]) => of.map((line) => `${JSON.stringify(line)}\n`).join('');
  const files: Record<string, string> = {
    [evidenceFiles.scenario]: text,
    [evidenceFiles.journal]: lines(
      stepNames.flatMap((step, second) => [
        { time: second * 1000, step, event: 'begun', result: null },
        { time: second * 1000 + 900, step, event: 'done', result: results[step] ?? { step } },
      ]),
    ),
    [evidenceFiles.payments]: lines([
      ...writes.map(({ id, server, time }) => ({ id, sent: time - 10, acknowledged: time, server })),
      { id: randomUUID(), failed: fence + 1000, why: 'nobody takes writes' },
    ]),
    [evidenceFiles.statementsA]: lines(
      writes.map(({ id, server, time }) => ({ id, written: time, server, file: id, sha256: hash(id) })),
    ),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(here(name), content);
  await writeFile(here('site.pub'), encodePublicKey(key));
  report = DrillReportSchema.parse({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'DrillReport', id: 'd1', scenario: hash(text), outcome: 'moved' },
    ...{
      substrate: 'netns',
      stopped: null,
      versions: { cpiab: '1', kernel: 'Linux' },
      approvals: [{ by: 'carol' }],
    },
    ...historyOf(scenario, await Journal.read(here(evidenceFiles.journal))),
    ...(await figures({})),
    files: Object.fromEntries(Object.entries(files).map(([name, content]) => [name, hash(content)])),
  });
});

type Figures = Pick<DrillReport, 'workload' | 'requests' | 'writers' | 'kept' | 'egress'>;

/** @param without measurements that there are none of. */
async function figures(without: Partial<Figures>) {
  const [journal, writes] = [await Journal.read(here(evidenceFiles.journal)), await readWrites(here())];
  const found: Figures = {
    workload: partsOf(writes, lostOf(kept), fencedAt(journal)),
    requests: requestsOf(writes),
    writers: writersOf(writes, databasesOf(scenario)),
    ...{ kept, egress: measured.egress, logs: measured.logs },
    ...without,
  };
  const limits = limitsOf(scenario.limits, found, 'moved');
  return { ...found, limits, verdict: verdictOf('moved', limits) };
}

type Path = readonly (string | number)[];

/** Of every value that is no list or object, and of every empty one. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.length === 0 ? [path] : entries.flatMap(([name, one]) => leavesOf(one, [...path, name]));
}

const changed = (value: unknown) => {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  return typeof value === 'string' ? `${value}x` : 1;
};

function edited(path: Path): DrillReport {
  const copy = structuredClone(report);
  const last = path.at(-1) as string;
  const parent = path.slice(0, -1).reduce<unknown>((at, name) => (at as never)[name], copy) as Record<
    string,
    unknown
  >;
  parent[last] = changed(parent[last]);
  return copy;
}

const bytesOf = (content: DrillReport) => Buffer.from(JSON.stringify(content));

async function verified(content: DrillReport) {
  await writeFile(here(evidenceFiles.report), bytesOf(content));
  return await verifyEvidence(here(), here('site.pub'));
}

const sign = (content: DrillReport) =>
  writeFile(here(evidenceFiles.signature), signBytes(bytesOf(content), key, 'drill'));

describe('a report', () => {
  test('as it was written is good', async () => {
    await sign(report);
    const found = await verified(report);
    expect(found.report.verdict).toBe('passed');
    expect(leavesOf(report).length).toBeGreaterThan(150);
  });

  test('with any one value changed is refused', { timeout: 120_000 }, async () => {
    await sign(report);
    for (const path of leavesOf(report)) {
      const refused = await refusal(verified(edited(path)));
      expect([path.join('.'), refused.code]).toEqual([path.join('.'), 'E2101']);
    }
  });

  test('with any one value changed and signed anew is refused, but for what nothing beside it tells', {
    timeout: 120_000,
  }, async () => {
    const good: string[] = [];
    for (const path of leavesOf(report)) {
      await sign(edited(path));
      const ended = await verified(edited(path)).catch((error: unknown) => error);
      if (ended instanceof Error)
        expect(ended).toMatchObject({ code: expect.stringMatching(/^E2(114|601)$/) });
      else good.push(path.join('.'));
    }
    expect(good).toEqual(['id', 'versions.cpiab', 'versions.kernel', 'approvals.0.by']);
  });
});

describe('a drill fails, and says what was not measured', () => {
  const parts = (change: object) => async () => ({
    workload: (await figures({})).workload.map((part) => ({ ...part, ...change })),
  });
  test.each<[string, () => Promise<Partial<Figures>>, number]>([
    ['times without a write', parts({ rtoMs: null }), 4],
    ['lost writes', parts({ lost: null }), 4],
    ['requests', async () => ({ requests: null }), 1],
    ['writers', async () => ({ writers: null }), 1],
    ['the ledger', async () => ({ kept: null }), 1],
    ['refused packets', async () => ({ egress: null }), 1],
  ])('%s', async (_what, without, count) => {
    const { limits, verdict } = await figures(await without());
    expect(verdict).toBe('failed');
    expect(limits.filter(({ result }) => result === 'not-measured')).toHaveLength(count);
  });

  test('and nothing else counts as one', async () => {
    expect((await figures({})).limits.filter(({ result }) => result !== 'pass')).toEqual([]);
  });
});
