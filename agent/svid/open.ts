import type { Board } from '../board.ts';
import { SvidDesk } from './desk.ts';
import { SvidHttp } from './http.ts';

/** What the API answers to workloads. */
export function svidHttp(board: Board, wall: () => number, signal: AbortSignal): SvidHttp {
  const sources = () => {
    const [kube, authority, audit] = [board.peek('kube'), board.peek('authority'), board.peek('audit')];
    if (kube === undefined || authority === undefined || audit === undefined) return undefined;
    return { kube, authority, audit };
  };
  return new SvidHttp({ desk: new SvidDesk(wall), sources, counters: board.counters, signal });
}
