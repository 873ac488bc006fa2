import {
  type ProjectStatus,
  type SiteStatus,
  type StageCompletion,
  stages,
  statusFiles,
} from '../../contract/stage.ts';

/** `STATUS.md`: the same facts as `ai/state/status.json`, for people. */
export function statusPage({ sites }: ProjectStatus): string {
  const parts = [
    '# Status',
    `<!-- Written by \`./cpiab stage --write\` from ${statusFiles.document}; a test compares the two. -->`,
    ...(sites.length === 0
      ? ['No box has told of a post-check yet: `./cpiab postcheck`, then `./cpiab stage --write`.']
      : sites.flatMap(sitePart)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function sitePart({ site, completed, open, postcheck }: SiteStatus): string[] {
  const rows = Object.entries(stages).map(([number, { title }]) => {
    const stage = Number(number);
    const completion = completed.find(({ statement }) => statement.stage === stage);
    return `| ${stage} | ${title} | ${completion === undefined ? stateOf(stage, open) : signed(completion)} |`;
  });
  const table = ['| stage | | state |', '|---|---|---|', ...rows].join('\n');
  return [`## Site ${site}`, table, ...postcheckPart(postcheck)];
}

const stateOf = (stage: number, open: number) =>
  stage === open ? 'open' : `closed until stage ${stage - 1} is complete`;

const signed = ({ by, time, statement }: StageCompletion) =>
  `complete: signed by ${cell(by)} on ${time.slice(0, 10)}, of commit \`${statement.revision.slice(0, 12)}\``;

function postcheckPart(postcheck: SiteStatus['postcheck']): string[] {
  if (postcheck === null) return ['Its box has made no post-check.'];
  const { time, revision, bundle, box, verdict, checks } = postcheck;
  const head = `Post-check of box \`${box}\` on ${time.slice(0, 10)}: **${verdict}**. Commit \`${revision}\`, bundle ${bundle.sequence}, lock \`${bundle.lock}\`.`;
  const rows = checks.map(
    ({ id, result, evidence }) => `| \`${id}\` | ${words[result] ?? result} | ${cell(evidence)} |`,
  );
  return [head, ['| check | result | evidence |', '|---|---|---|', ...rows].join('\n')];
}

const words: Record<string, string> = { notApplicable: 'does not apply' };

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
