import { describe, expect, test } from 'vitest';
import { statusText } from '../../../../cli/box/show.ts';
import { timelineBars } from '../../../../cli/box/timeline-bars.ts';
import { scenes } from '../../../support/console/scenes.ts';

const statusOf = (name: string) => (scenes[name]?.() ?? expect.unreachable()).report.snapshot();

describe.each(Object.keys(scenes))('a box that is %s', (name) => {
  test.each([40, 60, 80, 200])('is shown within %d columns, but for one word that is longer', (columns) => {
    const lines = statusText(statusOf(name), { columns }).split('\n');
    for (const line of lines) expect(line.length <= columns || !line.slice(9).includes(' ')).toBe(true);
  });

  test.each([40, 80, 200])('has bars within %d columns', (columns) => {
    const [bars = ''] = timelineBars(statusOf(name), columns).split('\n\n');
    for (const line of bars.split('\n')) expect(line.length).toBeLessThanOrEqual(columns + 2);
  });
});

test('bars stand one after the other, as long as what they show', () => {
  const rows = timelineBars(statusOf('ready'), 127).split('\n').slice(0, 6);
  const spans = rows.map((row) => [row.search(/[█▏▎▍▌▋▊▉]/), row.match(/█/g)?.length ?? 0]);
  expect(spans).toEqual([
    [9, 8],
    [17, 5],
    [22, 2],
    [24, 41],
    [65, 7],
    [72, 30],
  ]);
});

test('what a pod says does not control the terminal', () => {
  const status = statusOf('held back');
  status.flux.blocking = [{ object: 'Pod/x', reason: '\u001b[2J\u001b]0;owned\u0007line\nbreak' }];
  const text = statusText(status, { columns: 80 });
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(text).toContain('line break');
});

describe('network policies', () => {
  const shown = (problem = '') => {
    const status = statusOf('held back');
    if (status.podNetwork !== null) status.podNetwork.problem = problem;
    return statusText(status, { columns: 200 });
  };

  test('are counted, with what enforces them and what they denied', () => {
    expect(shown()).toContain(
      'policies 6 for 1 pod, enforced by nftables, 12 packets denied; vxlan to 2 nodes',
    );
  });

  test('that are not in force are told in their place', () => {
    expect(shown('nft: exit status 1')).toContain('policies nft: exit status 1');
  });

  test('are not spoken of while nothing enforces them yet', () => {
    expect(statusText(statusOf('booting'))).not.toContain('policies');
  });
});
