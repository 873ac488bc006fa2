import { CpiabError } from '../errors.ts';

/** How Git marks what two sides changed. Source: git-merge(1), "How conflicts are presented". */
const MARK = /^(?:<{7} .*|={7}|>{7} .*)\r?$/m;

/** @throws CpiabError E1037 at the first mark. */
export function rejectConflicts(text: string, shown: string): void {
  const at = MARK.exec(text)?.index;
  // A row of equals signs alone is no conflict.
  if (at === undefined || !/^<{7} /m.test(text)) return;
  throw new CpiabError('E1037', { subject: `${shown}:${text.slice(0, at).split('\n').length}` });
}
