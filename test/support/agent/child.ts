import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Board, type Paths } from '../../../agent/board.ts';
import { boot } from '../../../agent/boot.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import { sequence } from '../../../agent/sequence.ts';
import { box } from '../../../contract/layout.ts';
import { parseBoxSite } from '../../../contract/site.ts';

/** The agent's first steps, up to where Kubernetes begins, on a box below a directory; a test kills it. */
const [root = ''] = process.argv.slice(2);
const { programs: _, ...names } = box;
const below = Object.entries(names).map(([name, path]) => [name, join(root, path)]);
const paths = {
  ...(Object.fromEntries(below) as Paths),
  ...{ medium: join(root, 'medium'), bundle: join(root, 'medium', 'bundle') },
};
const site = parseBoxSite({
  ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'harbour' },
  ...{ engine: { version: 'v1.36.3' }, network: { nodeAddress: '127.0.0.1' } },
});
for (const path of [paths.state, paths.run]) await mkdir(path, { recursive: true });
const report = new BoxReport(['verify', 'serve'], () => performance.now(), site.name);
report.onChange(() => process.stdout.write(`${report.current.name} ${report.current.state}\n`));
const never = new AbortController().signal;
const pause = (ms: number, signal: AbortSignal) => sleep(Math.min(ms, 100), undefined, { signal });
const board = new Board(site, report, () => process.exit(1), paths);
const complete = await boot(sequence.slice(0, 2), board, pause, never);
const { problem, git } = report.snapshot();
process.stdout.write(`${JSON.stringify({ complete, problem, head: git.head })}\n`, () => process.exit(0));
