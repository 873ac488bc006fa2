import { wireBazarr } from './bazarr.ts';
import type { Change, Changes } from './change.ts';
import type { AppName, Config } from './config.ts';
import { wireJellyfin } from './jellyfin.ts';
import { type Answer, Problem } from './problem.ts';
import { wireQbittorrent } from './qbittorrent.ts';
import type { Secrets } from './secrets.ts';
import { wireSeerr } from './seerr.ts';
import { wireLibrary, wireProwlarr } from './servarr.ts';

export interface AppReport {
  app: AppName;
  /** `waiting`: it does not answer, or waits for a person. */
  state: 'wired' | 'waiting' | 'failed';
  changes: Change[];
  problem: { says: string; todo: string; answer: Answer | null } | null;
}

export interface Report {
  /** When the pass ended, ISO 8601. */
  time: string;
  /** Every app is as declared, and nothing had to be changed for it. */
  settled: boolean;
  apps: AppReport[];
}

type Wire = (config: Config, secrets: Secrets) => Changes | undefined;

/** Those that others connect to first. */
const order: readonly (readonly [AppName, Wire])[] = [
  ['qbittorrent', ({ qbittorrent }, secrets) => qbittorrent && wireQbittorrent(qbittorrent, secrets)],
  ['sonarr', ({ sonarr }, secrets) => sonarr && wireLibrary('sonarr', sonarr, secrets)],
  ['radarr', ({ radarr }, secrets) => radarr && wireLibrary('radarr', radarr, secrets)],
  ['prowlarr', ({ prowlarr }, secrets) => prowlarr && wireProwlarr(prowlarr, secrets)],
  ['bazarr', ({ bazarr }, secrets) => bazarr && wireBazarr(bazarr, secrets)],
  ['jellyfin', ({ jellyfin }, secrets) => jellyfin && wireJellyfin(jellyfin, secrets)],
  ['seerr', ({ seerr }, secrets) => seerr && wireSeerr(seerr, secrets)],
];

/** Asks each declared app what it has, and changes what differs. One that refuses keeps no other from it. */
export async function wireAll(config: Config, secrets: Secrets): Promise<Report> {
  const apps: AppReport[] = [];
  for (const [app, wire] of order) {
    if (config[app] !== undefined) apps.push(await reportOf(app, wire, config, secrets));
  }
  const settled = apps.every(({ state, changes }) => state === 'wired' && changes.length === 0);
  return { time: new Date().toISOString(), settled, apps };
}

async function reportOf(app: AppName, wire: Wire, config: Config, secrets: Secrets): Promise<AppReport> {
  const changes: Change[] = [];
  try {
    for await (const change of wire(config, secrets) ?? []) changes.push(change);
    return { app, state: 'wired', changes, problem: null };
  } catch (error) {
    const { state, message, todo, answer } = problemOf(error);
    return {
      app,
      state,
      changes,
      problem: { says: secrets.hide(message), todo: secrets.hide(todo), answer },
    };
  }
}

/** An answer of another shape is one that this program does not know: of a version that it was not made for. */
const problemOf = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem(`answers in a form that is not known: ${error}`, {
        todo: 'see whether its version is supported',
      });
