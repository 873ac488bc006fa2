import { CpiabError } from '../../../contract/errors.ts';

/** An answer of the API that is none of those wanted. */
export interface Refused {
  /** What was asked of, such as `POST /nodes/pve/qemu`. */
  subject: string;
  status: number;
  /** Its sentence. */
  message: string;
  /** By parameter. */
  errors: Record<string, string>;
}

/** Messages that come with status 500 or as a task's end, and what they mean. */
const meanings: readonly [RegExp, (subject: string, message: string, found: string[]) => CpiabError][] = [
  [
    /no space left|not enough (?:free )?space|out of space|insufficient free|quota exceeded|disk full/i,
    (subject, message) => new CpiabError('E5206', { subject, args: [message] }),
  ],
  [
    /\bis locked \(([\w-]+)\)/,
    (subject, _message, [, lock = 'unknown']) => new CpiabError('E5210', { subject, args: [lock] }),
  ],
  [/VM \d+ already exists/, (subject) => new CpiabError('E5208', { subject })],
  [
    /^storage '[^']*' (?:does not exist|is not available|is disabled)|does not support '?\w+'? content/,
    (subject, message) => new CpiabError('E5207', { subject, args: [message] }),
  ],
];

/** What an answer's status and message mean, and what to do about it. */
export function refusalOf({ subject, status, message, errors }: Refused, token: string): CpiabError {
  if (status === 401) return new CpiabError('E5203', { subject, args: [token] });
  if (status === 403) {
    // Such as `Permission check failed (/storage/local, Datastore.AllocateTemplate)`.
    const [, path = 'an object that it does not name', privilege = message] =
      /\(([^,)]+), ([^)]+)\)/.exec(message) ?? [];
    return new CpiabError('E5204', { subject, args: [path, privilege.replaceAll('|', ' or ')] });
  }
  const parameters = Object.entries(errors).map(([name, why]) => `${name}: ${oneLine(why)}`);
  if (status === 400)
    return new CpiabError('E5205', { subject, args: [parameters.join('; ') || oneLine(message)] });
  return (
    meaningOf(subject, message) ??
    new CpiabError('E5213', { subject, args: [String(status), oneLine(message)] })
  );
}

/** Why a task ended badly. */
export function taskFailure(subject: string, upid: string, exitStatus: string): CpiabError {
  // UPID:node:pid:pstart:starttime:type:id:user:
  const type = upid.split(':')[5] ?? 'unknown';
  return (
    meaningOf(subject, exitStatus) ?? new CpiabError('E5211', { subject, args: [type, oneLine(exitStatus)] })
  );
}

function meaningOf(subject: string, message: string): CpiabError | null {
  for (const [pattern, make] of meanings) {
    const found = pattern.exec(message);
    if (found !== null) return make(subject, oneLine(message), [...found]);
  }
  return null;
}

/** What a server says is shown in one line, without what would move a terminal's cursor. */
const oneLine = (text: string) =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300);
