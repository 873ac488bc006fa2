import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { RefUpdate } from '../../../policy/push/check-push.ts';

/** What one of git's hooks asks. */
export interface HookRequest {
  /** `pre-receive` or `post-receive`. */
  hook: string;
  /** Directory of the objects that are not taken yet, or null. */
  quarantine: string | null;
  updates: RefUpdate[];
}

export interface HookAnswer {
  accept: boolean;
  /** For the person who pushes. */
  lines: string[];
  /** For the audit log. */
  note: string;
}

/** More references at once are no person's push. */
const MAX_UPDATES = 1000;
const NONE = /^0+$/;

/**
 * Answers the hooks of one push, one after the other: `<hook> <quarantine>`, a line for each reference, an
 * empty line; then lines that begin with `>`, and `accept` or `refuse`. The other end is
 * agent/files/usr/lib/cpiab/hooks/ask-agent.
 */
export function answerHooks(channel: Duplex, answer: (request: HookRequest) => Promise<HookAnswer>): void {
  let lines: string[] = [];
  const tell = ({ accept, lines: told }: Omit<HookAnswer, 'note'>) =>
    channel.write(`${[...told.map((line) => `>${line}`), accept ? 'accept' : 'refuse'].join('\n')}\n`);
  const asked = createInterface({ input: channel });
  // Git may be killed at any time; how it ended is seen elsewhere.
  asked.on('error', () => {});
  asked.on('line', (line) => {
    if (line !== '') {
      if (lines.length <= MAX_UPDATES) lines.push(line);
      return;
    }
    const request = parseRequest(lines);
    lines = [];
    const given = request === null ? refuseAll() : answer(request);
    given.then(tell, () =>
      tell({ accept: false, lines: ['the box could not check this push; its log says why'] }),
    );
  });
}

const refuseAll = async (): Promise<HookAnswer> => ({
  accept: false,
  lines: [`a push has at most ${MAX_UPDATES} references`],
  note: 'too many references',
});

/** Source: githooks(5), `pre-receive`: `<old> <new> <name>`. */
function parseRequest([first = '', ...rest]: readonly string[]): HookRequest | null {
  if (rest.length >= MAX_UPDATES) return null;
  const [hook = '', quarantine = ''] = first.split(/ (.*)/);
  const updates = rest.map((line) => {
    const [from = '', to = '', name = ''] = line.split(/ (\S+) (.*)/);
    return { name, from: commit(from), to: commit(to) };
  });
  return { hook, quarantine: quarantine === '' ? null : quarantine, updates };
}

const commit = (id: string) => (NONE.test(id) ? null : id);
