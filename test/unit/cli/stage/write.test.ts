import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readStatus, siteStatus, writeStatus } from '../../../../cli/stage/write.ts';
import type { StageGate } from '../../../../contract/stage.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { entry, reportOf } from '../../../support/postcheck/report.ts';

const here = freshDirectory();
const gate = (site: string): StageGate => ({
  ...{ apiVersion: 'cpiab.dev/v1', kind: 'StageGate', site, completed: [], open: 1 },
  ...{ lacking: 'something', statement: null },
});
const report = reportOf(entry('engine/dns', 'fail', { evidence: 'no answer | <none>' }));

test('each site is told by its own box, and what others said stays', async () => {
  await writeStatus(here(), siteStatus(gate('lab'), null));
  await writeStatus(here(), siteStatus(gate('homelab'), report));
  await writeStatus(here(), siteStatus(gate('lab'), null));
  expect((await readStatus(here())).sites.map(({ site }) => site)).toEqual(['homelab', 'lab']);
  expect(await readFile(here('STATUS.md'), 'utf8')).toMatchInlineSnapshot(`
    "# Status

    <!-- Written by \`./cpiab stage --write\` from ai/state/status.json; a test compares the two. -->

    ## Site homelab

    | stage | | state |
    |---|---|---|
    | 1 | Platform and apps | open |
    | 2 | AI studio | closed until stage 1 is complete |

    Post-check of box \`b1\` on 2026-11-22: **fail**. Commit \`dddddddddddddddddddddddddddddddddddddddd\`, bundle 7, lock \`sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\`.

    | check | result | evidence |
    |---|---|---|
    | \`engine/dns\` | fail | no answer \\| &lt;none> |

    ## Site lab

    | stage | | state |
    |---|---|---|
    | 1 | Platform and apps | open |
    | 2 | AI studio | closed until stage 1 is complete |

    Its box has made no post-check.
    "
  `);
});

test('a document that somebody has written by hand is not taken', async () => {
  await writeStatus(here(), siteStatus(gate('lab'), report));
  await writeFile(here('ai/state/status.json'), '{"sites": [{"site": "lab", "verdict": "pass"}]}');
  await expect(readStatus(here())).rejects.toThrow();
});
