import type { Dashboard, DashboardData, DashboardHours, DashboardList } from '../../contract/dashboard.ts';
import type { Board } from '../board.ts';
import { listKustomizations } from '../observe/kustomizations.ts';
import { evaluate } from './evaluate.ts';
import { findDashboards } from './find.ts';

/** Many who look at once are answered once: each picture costs Prometheus some dozen queries. */
const FRESH_MS = 15_000;

interface Kept {
  at: number;
  data: Promise<DashboardData>;
}

/** Shows what dashboards in Git ask for, and nothing else: who reads the page asks no questions of his own. */
export class DashboardDesk {
  readonly #board: Board;
  readonly #signal: AbortSignal;
  readonly #kept = new Map<string, Kept>();

  constructor(board: Board, signal: AbortSignal) {
    this.#board = board;
    this.#signal = signal;
  }

  /** Undefined while there is no cluster. */
  async list(): Promise<DashboardList | undefined> {
    const found = await this.#find();
    if (found === undefined) return undefined;
    const dashboards = found
      .map(({ uid, title }) => ({ uid, title }))
      .toSorted((a, b) => a.title.localeCompare(b.title, 'en'));
    return { apiVersion: 'cpiab.dev/v1', kind: 'DashboardList', dashboards };
  }

  /** Undefined while there is no cluster; null for one that the site has not. */
  async data(uid: string, hours: DashboardHours): Promise<DashboardData | null | undefined> {
    const key = `${uid} ${hours}`;
    const before = this.#kept.get(key);
    if (before !== undefined && Date.now() - before.at < FRESH_MS) return await before.data;
    const found = await this.#find();
    const kube = this.#board.peek('kube');
    if (found === undefined || kube === undefined) return undefined;
    const dashboard = found.find((one) => one.uid === uid);
    if (dashboard === undefined) return null;
    const now = Date.now();
    const data = evaluate(dashboard, hours, now, kube, this.#signal);
    this.#kept.set(key, { at: now, data });
    data.catch(() => this.#kept.delete(key));
    return await data;
  }

  async #find(): Promise<Dashboard[] | undefined> {
    const git = this.#board.peek('git');
    const kube = this.#board.peek('kube');
    if (git === undefined || kube === undefined) return undefined;
    const folders = (await listKustomizations(kube, this.#signal)).map(({ spec }) => spec.path ?? './');
    return await findDashboards(git, folders, this.#signal);
  }
}
