import { expect, test } from 'vitest';
import { junitXml } from '../../../../cli/postcheck/junit.ts';
import { entry, reportOf } from '../../../support/postcheck/report.ts';

test('a CI server sees what failed and why, what was skipped, and how long it took', () => {
  const report = reportOf(
    entry('engine/nodes', 'pass'),
    entry('engine/dns', 'unknown', { evidence: 'no "answer" <in> 9 s & \u0001more' }),
    entry('apps/health/tunnel', 'fail', { group: 'apps', required: false }),
    entry('secrets/decrypt', 'notApplicable', { group: 'secrets' }),
  );
  expect(junitXml(report)).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="postcheck lab" tests="4" failures="1" errors="0" skipped="2" time="2.500">
      <testsuite name="Box and Kubernetes" tests="2" failures="1" errors="0" skipped="0" timestamp="2026-11-22T10:00:00.000Z">
        <testcase name="engine/nodes: it holds" classname="engine" time="1.500">
          <system-out>seen</system-out>
        </testcase>
        <testcase name="engine/dns: it holds" classname="engine" time="1.500">
          <failure message="no &quot;answer&quot; &lt;in&gt; 9 s &amp;  more" type="unknown">why: because
    fix: do it</failure>
        </testcase>
      </testsuite>
      <testsuite name="Secrets" tests="1" failures="0" errors="0" skipped="1" timestamp="2026-11-22T10:00:00.000Z">
        <testcase name="secrets/decrypt: it holds" classname="secrets" time="1.500">
          <skipped message="seen"/>
        </testcase>
      </testsuite>
      <testsuite name="Apps" tests="1" failures="0" errors="0" skipped="1" timestamp="2026-11-22T10:00:00.000Z">
        <testcase name="apps/health/tunnel: it holds" classname="apps" time="1.500">
          <skipped message="seen"/>
        </testcase>
      </testsuite>
    </testsuites>
    "
  `);
});
