/**
 * Orders versions of Debian packages: negative when `a` is the older one, 0 when they are the same.
 * Source: Debian Policy 5.6.12.
 */
export function compareDebianVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  return (
    left.epoch - right.epoch ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

function split(version: string): { epoch: number; upstream: string; revision: string } {
  const { epoch = '0', rest = version } = /^(?<epoch>\d+):(?<rest>.*)$/.exec(version)?.groups ?? {};
  const dash = rest.lastIndexOf('-');
  const [upstream, revision] = dash === -1 ? [rest, ''] : [rest.slice(0, dash), rest.slice(dash + 1)];
  return { epoch: Number(epoch), upstream, revision };
}

/** Stretches without digits and numbers, in turn. */
function comparePart(a: string, b: string): number {
  const [left, right] = [stretches(a), stretches(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [text = '', number = ''] = left[index] ?? [];
    const [otherText = '', otherNumber = ''] = right[index] ?? [];
    const order = compareText(text, otherText) || compareNumber(number, otherNumber);
    if (order !== 0) return order;
  }
  return 0;
}

const stretches = (part: string) =>
  [...part.matchAll(/(?<text>\D*)(?<number>\d*)/g)].map(({ groups }) => [
    groups?.['text'],
    groups?.['number'],
  ]);

function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = rank(a[index]) - rank(b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde comes before the end, the end before letters, letters before all else. */
function rank(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 256);
}

function compareNumber(a: string, b: string): number {
  const [left, right] = [BigInt(a), BigInt(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
