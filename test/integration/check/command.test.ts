import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { checkCommand } from '../../../cli/commands/check.ts';
import { CheckReportSchema } from '../../../contract/check-report.ts';
import { change, deployment, token, write } from '../../support/bad-commits/bad-commit.ts';
import { idleContext } from '../../support/context.ts';
import { WorkCopy } from '../../support/work-copy.ts';

let work: WorkCopy;
beforeAll(async () => {
  work = await WorkCopy.make();
});
afterEach(() => work.reset());
afterAll(() => work.remove());

/** What the command prints, and the status it ends with. */
async function run(...args: string[]) {
  const printed: { report: ReturnType<typeof CheckReportSchema.parse>; text: string }[] = [];
  let status = 0;
  const context = {
    ...idleContext(work.root),
    print: (document: unknown, text: string) =>
      void printed.push({ report: CheckReportSchema.parse(document), text }),
    exitWith: (wanted: number) => {
      status = wanted;
    },
  };
  await checkCommand(context).parseAsync(args, { from: 'user' });
  const [only] = printed;
  if (only === undefined) throw new Error('nothing was printed');
  return { ...only, status };
}

const bad = change(deployment, '      automount', '      hostNetwork: true\n      automount');

test('nothing is wrong with what is committed: status 0', async () => {
  const { report, text, status } = await run();
  expect(report).toMatchObject({ sites: ['homelab', 'lab-stage1', 'lab'], findings: [] });
  expect(text).toMatch(/no findings$/);
  expect(status).toBe(0);
});

test('a finding that nobody has committed yet has file, line, rule, why and fix: status 1', async () => {
  await bad(work);
  const { report, text, status } = await run();
  expect(report.findings).toEqual([
    {
      rule: 'host-namespace',
      file: deployment,
      line: 21,
      object: 'Deployment/syncthing',
      why: 'Deployment/syncthing sets hostNetwork',
      fix: expect.stringContaining('delete `hostNetwork`'),
    },
  ]);
  expect(text.split('\n').slice(0, 2)).toEqual([
    `${deployment}:21: host-namespace: ${report.findings[0]?.why}`,
    `  fix: ${report.findings[0]?.fix}`,
  ]);
  expect(status).toBe(1);
});

test('only what lies below the paths that are named', async () => {
  await bad(work);
  expect((await run(work.path('cluster/kubernetes/platform'))).report.findings).toEqual([]);
  expect((await run(work.path(deployment))).report.findings).toHaveLength(1);
  expect((await run(work.root)).report.findings).toHaveLength(1);
});

test('a path that is not there is bad input', async () => {
  await expect(run(work.path('gone'))).rejects.toMatchObject({ code: 'E1006', exit: 2 });
});

test('an app that no site runs is looked at', async () => {
  await change(
    'cluster/kubernetes/apps/greeting/server.yaml',
    'readOnlyRootFilesystem: true',
    'readOnlyRootFilesystem: false',
  )(work);
  const { report } = await run();
  expect(report.unused).toContain('cluster/kubernetes/apps/greeting');
  expect(new Set(report.findings.map(({ rule }) => rule))).toEqual(new Set(['read-only-root']));
});

test('a file that Git ignores is not looked at', async () => {
  await write('.gitignore', 'mine.txt\n')(work);
  await write('mine.txt', `${token}\n`)(work);
  expect((await run()).report.findings).toEqual([]);
});

test('a file that is deleted and not committed is not there', async () => {
  await rm(work.path('cluster/kubernetes/apps/syncthing/seed/seed.sh'));
  expect((await run()).report.findings.map(({ rule }) => rule)).toContain('resource-missing');
});

test('a secret in history is found, though a later commit removes it, until it is written down as known', async () => {
  const start = await work.git('rev-parse', 'HEAD');
  await write('notes.txt', `${token}\n`)(work);
  await work.commit('oops');
  const commit = await work.git('rev-parse', '--short', 'HEAD');
  const object = await work.git('rev-parse', 'HEAD:notes.txt');
  await rm(work.path('notes.txt'));
  await work.commit('removed');
  const { report } = await run();
  expect(report.findings).toMatchObject([
    {
      rule: 'secret-token',
      file: 'notes.txt',
      line: 1,
      why: `holds a token of GitHub since commit ${commit}, as object ${object}`,
    },
  ]);
  const known = { file: 'notes.txt', object, reason: 'replaced on 2026-11-20', owner: 'platform' };
  const document = { apiVersion: 'cpiab.dev/v1', kind: 'KnownSecrets', secrets: [known] };
  await write('config/policy/known-secrets.yaml', stringify(document))(work);
  expect((await run()).report.findings).toEqual([]);
  // Not in the work tree, where it can be taken out.
  await write('notes.txt', `${token}\n`)(work);
  expect((await run()).report.findings).toMatchObject([
    { rule: 'secret-token', why: 'holds a token of GitHub' },
  ]);
  await write(
    'config/policy/known-secrets.yaml',
    stringify({ ...document, secrets: [{ ...known, object: 'notes' }] }),
  )(work);
  expect((await run(work.path('config'))).report.findings).toMatchObject([{ rule: 'own-document' }]);
  await work.git('reset', '--quiet', '--hard', start);
});

test('a plain Secret and an env file in history are found', async () => {
  const start = await work.git('rev-parse', 'HEAD');
  const metadata = { name: 'login', namespace: 'web' };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { word: 'hunter2' } };
  await write('cluster/draft.yaml', stringify(secret))(work);
  await write('config/env/lab.env', 'WORD=hunter2\n')(work);
  await work.commit('oops');
  await rm(work.path('cluster/draft.yaml'));
  await rm(work.path('config/env/lab.env'));
  await work.commit('removed');
  expect((await run()).report.findings).toMatchObject([
    { rule: 'secret-plain', file: 'cluster/draft.yaml', line: 7 },
    { rule: 'env-file', file: 'config/env/lab.env' },
  ]);
  await work.git('reset', '--quiet', '--hard', start);
});

test('SARIF has a rule for each kind of finding, and its places', async () => {
  await bad(work);
  const written: string[] = [];
  const { write: print } = process.stdout;
  process.stdout.write = ((text: string) => written.push(text)) as never;
  try {
    await checkCommand(idleContext(work.root)).parseAsync(['--sarif'], { from: 'user' });
  } finally {
    process.stdout.write = print;
  }
  const [log] = JSON.parse(written.join('')).runs;
  expect(log.tool.driver.rules).toEqual([
    {
      id: 'host-namespace',
      shortDescription: { text: "refuses the node's network, processes, IPC or ports" },
    },
  ]);
  expect(log.results).toMatchObject([
    {
      ruleId: 'host-namespace',
      level: 'error',
      locations: [{ physicalLocation: { artifactLocation: { uri: deployment }, region: { startLine: 21 } } }],
    },
  ]);
});

const folder = 'cluster/kubernetes/secrets/homelab';

test('Secrets that were never rendered are a note to their owner; once one is, those that lack are findings', async () => {
  const before = await run();
  expect(before.report).toMatchObject({ unrendered: ['homelab'], findings: [] });
  expect(before.text).toContain('note: site homelab has no Secrets yet');
  await write(`${folder}/README.md`, 'here they are\n')(work);
  const { report, status } = await run();
  expect(report.unrendered).toEqual([]);
  expect(new Set(report.findings.map(({ rule }) => rule))).toEqual(new Set(['secret-missing']));
  expect(report.findings.map(({ why }) => why)).toContain(
    'cloudflared needs Secret tunnel, and nothing of homelab applies it',
  );
  expect(status).toBe(1);
});

test('a folder of Secrets may only be missing where Flux is told to pass over it', async () => {
  const flux = 'cluster/kubernetes/flux/homelab/cloudflared.yaml';
  await change(flux, '  ignoreMissingComponents: true\n', '')(work);
  expect((await run()).report.findings).toMatchObject([
    { rule: 'resource-missing', file: flux, why: `${folder}/cloudflared is not in the commit` },
  ]);
});
