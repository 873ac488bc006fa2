import { expect, test } from 'vitest';
import { routeOf } from '../../../../agent/api/count-requests.ts';
import { Counters } from '../../../../agent/metrics/counters.ts';
import { exposition, type Family } from '../../../../agent/metrics/exposition.ts';
import { metricFamilies } from '../../../../agent/metrics/families.ts';
import { scenes } from '../../../support/console/scenes.ts';

const status = (scenes['ready']?.() ?? expect.unreachable()).report.snapshot();
const counters = new Counters();
counters.add('requests', { route: '/v1/status', method: 'GET', code: '200' }, 0.25);
counters.add('requests', { route: '/v1/status', method: 'GET', code: '200' }, 0.5);
counters.add('requests', { route: '/v1/status', method: 'HEAD', code: '200' }, 0.25);
counters.add('pushes', { outcome: 'done' });
const families = metricFamilies({ status, counters, auditEntries: 4 });

/** The grammar of the text format: a comment, or a name with labels and a number. */
const LINE =
  /^(?:# HELP [a-z_]+ [^\n]+|# TYPE [a-z_]+ (?:counter|gauge|summary)|[a-z_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? -?[0-9.e+-]+)$/;

test('every line is one of the format, and the text ends with a line break', () => {
  const text = exposition(families);
  expect(text.endsWith('\n')).toBe(true);
  expect(
    text
      .trimEnd()
      .split('\n')
      .filter((line) => !LINE.test(line)),
  ).toEqual([]);
});

test('names keep the conventions: counters end in _total, no unit but seconds and bytes, no series twice', () => {
  for (const { name, type } of families) {
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/_(?:ms|milliseconds|kb|mb|percent)(?:_|$)/);
  }
  const series = exposition(families)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
  expect(new Set(series).size).toBe(series.length);
});

test('what happened is counted', () => {
  const text = exposition(families);
  expect(text).toContain('cpiab_http_requests_total{route="/v1/status",method="GET",code="200"} 2\n');
  expect(text).toContain('cpiab_http_request_duration_seconds_sum{route="/v1/status"} 1\n');
  expect(text).toContain('cpiab_http_request_duration_seconds_count{route="/v1/status"} 3\n');
  expect(text).toContain('cpiab_git_pushes_total{outcome="done"} 1\n');
  expect(text).toContain('cpiab_step_duration_seconds{step="engine"} 31.4\n');
  expect(text).toContain('cpiab_phase{phase="ready"} 1\n');
});

test('a network that has not begun has no policies to count, and one that has tells them all', () => {
  expect(exposition(families)).not.toMatch(/^cpiab_network_policies /m);
  const held = (scenes['held back']?.() ?? expect.unreachable()).report.snapshot();
  const text = exposition(metricFamilies({ status: held, counters, auditEntries: 4 }));
  expect(text).toContain('cpiab_network_policies 6\n');
  expect(text).toContain('cpiab_isolated_pods 1\n');
  expect(text).toContain('cpiab_pod_network_problem 0\n');
  expect(text).toContain('cpiab_policy_denied_packets_total{direction="ingress"} 11\n');
  expect(text).toContain('cpiab_policy_denied_packets_total{direction="egress"} 1\n');
});

test('what others wrote can end no label and no line', () => {
  const evil: Family = {
    name: 'x',
    type: 'gauge',
    help: 'a\nb',
    samples: [{ labels: { y: 'a"b\\c\nd' }, value: 1 }],
  };
  expect(exposition([evil])).toBe('# HELP x a\\nb\n# TYPE x gauge\nx{y="a\\"b\\\\c\\nd"} 1\n');
});

test.each([
  ['/v1/status?x=1', '/v1/status'],
  ['/', '/console/'],
  ['/console/main.js', '/console/'],
  ['/git/lab.git/info/refs?service=git-upload-pack', '/git/'],
  ['/v2', '/v2/'],
  ['/v2/x/blobs/y', '/v2/'],
  ['/constructor', 'other'],
  ['/made/up/by/a/client', 'other'],
])('%s is counted under %s', (url, route) => {
  expect(routeOf(url)).toBe(route);
});
