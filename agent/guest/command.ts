import { text } from 'node:stream/consumers';
import { CpiabError } from '../../contract/errors.ts';
import { box } from '../../contract/layout.ts';
import { tellLeaving } from '../join/leave.ts';
import { NodeStore } from '../join/store.ts';
import { follow, ownStatus, statusLines } from './follow.ts';
import { prepareGuest } from './prepare.ts';

type Action = (args: readonly string[], signal: AbortSignal) => Promise<number>;

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** What the scripts of a machine that runs another system ask for: `files/usr/lib/cpiab/guest`. */
const actions: Record<string, Action> = {
  prepare: async ([name = ''], signal) => {
    const invitation = await text(process.stdin);
    say(JSON.stringify(await prepareGuest(box, { name, invitation }, signal)));
    return 0;
  },
  follow: async (_, signal) => ((await follow(() => ownStatus(box), say, signal)) ? 0 : 1),
  status: async () => {
    const status = await ownStatus(box);
    say(
      status === null
        ? 'the agent does not answer: systemctl status cpiab-agent'
        : statusLines(status).join('\n'),
    );
    return status?.phase === 'ready' ? 0 : 1;
  },
  leave: async (_, signal) => {
    const store = new NodeStore(box.node);
    const ended = await tellLeaving(store, signal);
    say(
      ended === null
        ? 'no box has this machine as a node'
        : `the box has removed ${ended.name}: ${ended.cluster}`,
    );
    return 0;
  },
};

/** @returns the exit status. */
export async function guestCommand([what = '', ...args]: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(name, () => stop.abort());
  try {
    return (await actions[what]?.(args, stop.signal)) ?? 2;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    if (!(error instanceof CpiabError)) throw error;
    process.stderr.write(`CPIAB-${error.code} ${error.subject}: ${error.message}\nhint: ${error.hint}\n`);
    return error.exit;
  }
}
