import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CpiabError } from '../../contract/errors.ts';
import { authorities, isUntrusted } from '../download/trust.ts';
import { inTurn } from '../in-turn.ts';
import { type Finding, fail, pass, warn } from './finding.ts';
import type { Supply } from './hosts.ts';

/** A host that takes longer to let anybody in is of no use to a build. */
const LIMIT_MS = 5000;
const PARALLEL = 16;

/** Connects once to each supply; nothing is asked there. Of several addresses the first that answers suffices. */
export async function checkReach(supplies: readonly Supply[], signal: AbortSignal): Promise<Finding[]> {
  if (supplies.length === 0) return [pass({ id: 'network', title: 'network' }, 'nothing is to be fetched')];
  return await inTurn(
    supplies,
    { parallel: PARALLEL, signal },
    async (supply, stop) => await tryAll(supply, stop),
  );
}

async function tryAll({ addresses, why, ca }: Supply, signal: AbortSignal): Promise<Finding> {
  const name = addresses.at(-1)?.host ?? '';
  const about = { id: `network/${name}`, title: name };
  const problems: string[] = [];
  for (const address of addresses) {
    const started = performance.now();
    const problem = await probe(address, ca, signal);
    const took = `${Math.round(performance.now() - started)} ms`;
    const which = addresses.length > 1 ? `${address.host} ` : '';
    if (problem === null) return pass(about, `${which}answers in ${took}, for ${why}`);
    problems.push(addresses.length > 1 ? `${address.host} ${problem.says}` : `it ${problem.says}`);
    // Tools trust other authorities than this program does: theirs is the last word.
    if (problem.untrusted)
      return warn(
        about,
        `${address.host}: ${problem.says}; needed for ${why}`,
        'add its authority to this machine',
      );
  }
  return fail(about, new CpiabError('E4014', { subject: name, args: [problems.join('; '), why] }));
}

interface Problem {
  says: string;
  untrusted: boolean;
}

async function probe(address: URL, ca: string | undefined, signal: AbortSignal): Promise<Problem | null> {
  const secure = address.protocol === 'https:';
  const host = address.hostname.replace(/^\[|\]$/g, '');
  const port = Number(address.port || (secure ? 443 : 80));
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  let socket: Socket | undefined;
  try {
    socket = secure
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ca: authorities(ca) })
      : connect({ host, port });
    await once(socket, secure ? 'secureConnect' : 'connect', { signal: limit });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return problemOf(error as NodeJS.ErrnoException);
  } finally {
    socket?.on('error', () => {}).destroy();
  }
}

function problemOf(error: NodeJS.ErrnoException): Problem {
  const { code = '', name, message } = error;
  if (name === 'AbortError') return { says: `does not answer within ${LIMIT_MS / 1000} s`, untrusted: false };
  if (isUntrusted(error)) return { says: message, untrusted: true };
  return { says: SAYS[code] ?? message, untrusted: false };
}

const SAYS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'has no address: its name is not known here',
  EAI_AGAIN: 'has no address: no name server answers',
  ECONNREFUSED: 'refuses the connection',
  ENETUNREACH: 'cannot be reached: no network',
  EHOSTUNREACH: 'cannot be reached',
};
