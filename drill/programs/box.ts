import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RegistryProxy } from '../../agent/api/registry-proxy.ts';
import { startApi } from '../../agent/api/start.ts';
import { Backups } from '../../agent/backup/backups.ts';
import { Board, type Paths } from '../../agent/board.ts';
import { discoverAlways } from '../../agent/discover/discover.ts';
import { BoxReport } from '../../agent/report/report.ts';
import { Gate } from '../../agent/serve/git/gate.ts';
import { GitHttp } from '../../agent/serve/git/http.ts';
import { PushRecord } from '../../agent/serve/git/push-record.ts';
import { openRepository } from '../../agent/serve/git/repository.ts';
import { uptimeMs } from '../../agent/uptime.ts';
import { box as layout, ports } from '../../contract/layout.ts';
import { type BoxSite, parseBoxSite } from '../../contract/site.ts';

export const BoxConfigSchema = z.strictObject({
  repository: z.string(),
  directory: z.string(),
  id: z.uuid(),
  site: z.string(),
  /** PEM file of the CA whose operators may decide. */
  operatorCa: z.string(),
  /** Git bundle with which its repository begins; null for one that has none. */
  gitBundle: z.string().nullable(),
});
export type BoxConfig = z.infer<typeof BoxConfigSchema>;

const journal = (level: string, line: object) =>
  process.stdout.write(`${JSON.stringify({ level, ...line })}\n`);

/** The agent's own API, enrolment, Git and discovery, as on a box, with all their state below one directory. */
export async function box(config: BoxConfig, stop: AbortSignal): Promise<void> {
  const paths = pathsOf(config);
  const site = parseBoxSite({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: config.site, engine: { version: 'v1.36.3' } },
    discover: { mode: 'active', announce: true, everySeconds: 10, links: ['eth0'] },
  });
  const report = new BoxReport(['serve'], uptimeMs, site.name);
  report.set({ id: config.id });
  const board = new Board(site, report, (why) => journal('error', { abandoned: String(why) }), paths);
  await mkdir(paths.state, { recursive: true });
  await startApi(board, new Backups(board, Date.now), { restored: false, takesNodes: true }, stop);
  if (config.gitBundle !== null) await serveGit(board, site, config.gitBundle, stop);
  await discoverAlways(board, Date.now, journal, stop);
}

/** What on a box lies below its state or its run directory lies below this one's. */
function pathsOf({ directory, repository, operatorCa }: BoxConfig): Paths {
  const { programs: _, ...names } = layout;
  const own = Object.entries(names)
    .filter(([, path]) => path.startsWith(layout.state) || path.startsWith(layout.run))
    .map(([name, path]) => [name, join(directory, path)]);
  const files = join(repository, 'agent', 'files');
  return {
    ...(names as Paths),
    ...(Object.fromEntries(own) as Partial<Paths>),
    ...{ operatorCa, console: join(files, layout.console), gitHooks: join(files, layout.gitHooks) },
  };
}

async function serveGit(board: Board, site: BoxSite, bundle: string, signal: AbortSignal): Promise<void> {
  const { git: root, gitHooks: hooks } = board.paths;
  const repository = await openRepository(join(root, `${site.name}.git`), bundle, signal);
  board.put('git', repository);
  const gate = new Gate({
    ...{ repository, site, carried: { images: new Map(), charts: new Set(), repositories: new Set() } },
    publish: async () => 'no cluster runs here',
    settle: async () => {},
    log: (line) => journal('info', JSON.parse(line) as object),
  });
  const pushes = new PushRecord(repository, () => board.peek('audit'), board.counters);
  const git = new GitHttp({ root, name: `${site.name}.git`, hooks, gate, pushes });
  board.put('served', { git, registry: new RegistryProxy(ports.registry) });
}
