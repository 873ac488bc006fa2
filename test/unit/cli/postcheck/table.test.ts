import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { postcheckText } from '../../../../cli/postcheck/table.ts';
import { entry, reportOf } from '../../../support/postcheck/report.ts';

const plain = new Writable();

test('a person sees groups, results and evidence, and of a failure why it matters and what to do', () => {
  const report = reportOf(
    entry('engine/nodes', 'pass', { evidence: '1 node Ready' }),
    entry('engine/dns', 'fail', { evidence: 'no answer' }),
    entry('secrets/decrypt', 'notApplicable', { group: 'secrets', evidence: 'no Secrets' }),
    entry('apps/health/tunnel', 'fail', { group: 'apps', required: false }),
  );
  expect(postcheckText(report, plain)).toMatchInlineSnapshot(`
    "Box and Kubernetes
      pass  engine/nodes                   1 node Ready
      FAIL  engine/dns                     no answer

    Secrets
      n/a   secrets/decrypt                no Secrets

    Apps
      fail  apps/health/tunnel (optional)  seen

    engine/dns: it holds
      why: because
      fix: do it

    fail: 1 of 4 failed; site lab at dddddddddddd, bundle 7"
  `);
});

test('when all pass there is no advice', () => {
  expect(postcheckText(reportOf(entry('engine/nodes', 'pass')), plain)).toMatchInlineSnapshot(`
    "Box and Kubernetes
      pass  engine/nodes  seen

    pass: 1 passed; site lab at dddddddddddd, bundle 7"
  `);
});
