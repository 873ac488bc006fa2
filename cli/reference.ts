import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings';
import { handedOver } from '../contract/cargo.ts';
import { type ErrorKind, errors, parameterNames } from '../contract/errors.ts';
import { type PostcheckKind, postcheckGroups, postchecks } from '../contract/postcheck-table.ts';
import { stateTree } from '../contract/state-tree.ts';
import { rules } from '../policy/rules.ts';
import { type Rule, ruleGroups } from '../policy/table/rule.ts';
import { commands } from './commands.ts';
import type { CliContext } from './context.ts';

const GENERATED = '<!-- Written by `npm run generate`; a test compares it with the code. -->';

/** Reference pages made from code, by path below the repository. */
export function referencePages(context: CliContext): Map<string, string> {
  return new Map([
    ['docs/reference/cli.md', cliPage(commands.map((make) => make(context) as unknown as Command))],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/postcheck.md', postcheckPage()],
    ['docs/reference/rules.md', rulesPage()],
    ['docs/reference/state.md', statePage()],
  ]);
}

function cliPage(all: readonly Command[]): string {
  const sections = all.flatMap((command) => [
    section(command),
    ...command.commands.map((child) => section(child)),
  ]);
  return `${['# Commands', GENERATED, EXIT_STATUS, ...sections].join('\n\n')}\n`;
}

function section(command: CommandUnknownOpts): string {
  const above = command.parent === null ? '' : `${command.parent.name()} `;
  const name = `${above}${command.name()}`;
  const usage = `./cpiab ${name} ${command.usage()}`;
  const options = command.options.map(
    ({ flags, description }) => `| \`${flags.replaceAll('|', '\\|')}\` | ${cell(description)} |`,
  );
  return [
    `${above === '' ? '##' : '###'} ${name}`,
    `${command.description()}\n\n\`\`\`sh\n${usage}\n\`\`\``,
    ['| option | does |', '|---|---|', ...options].join('\n'),
  ].join('\n\n');
}

const EXIT_STATUS = `Results go to stdout, progress and errors to stderr. With \`--json\` the result is one JSON document, progress
is one JSON object a line, and an error is one object \`{code, subject, message, hint, cause}\`.

| exit status | means |
|---|---|
| 0 | done |
| 1 | failed: a check found something, or a step failed |
| 2 | wrong usage or bad input |
| 3 | not verified: signature, digest, closed world |
| 4 | something that this machine needs is missing |
| 130 | interrupted |`;

function errorsPage(): string {
  const rows = Object.entries<ErrorKind>(errors).map(([code, kind]) => {
    const names = parameterNames(kind.says).map((name) => `‹${name}›`);
    const hint = typeof kind.hint === 'string' ? kind.hint : kind.hint(...names);
    return `| CPIAB-${code} | ${kind.exit} | ${cell(kind.says(...names))} | ${cell(hint)} |`;
  });
  const intro = `An error is printed as \`CPIAB-Ennnn subject: what happened\`, then \`hint: what to do\`. Words in ‹ › vary.`;
  return `${['# Errors', GENERATED, intro, ['| code | exit | what happened | what to do |', '|---|---|---|---|', ...rows].join('\n')].join('\n\n')}\n`;
}

function rulesPage(): string {
  const intro = `What a box refuses in a push, \`./cpiab check\` in a work tree, and \`./cpiab close\` and builds in a commit. A finding is printed as \`file:line: rule: what is wrong\`, then what to do. [How a box decides](../operate/git.md). A rule with an exception may be broken by one object of an app that says so in its \`app.yaml\`, with a reason, an owner and an end.`;
  const sections = Object.entries(ruleGroups).map(([group, title]) => {
    const rows = Object.entries<Rule>(rules)
      .filter(([, rule]) => rule.group === group)
      .map(
        ([name, rule]) =>
          `| \`${name}\` | ${cell(rule.refuses)} | ${cell(rule.fix)} | ${rule.exception ? 'yes' : 'no'} |`,
      );
    return [
      `## ${title}`,
      ['| rule | refuses | what to do | exception |', '|---|---|---|---|', ...rows].join('\n'),
    ].join('\n\n');
  });
  return `${['# Rules for Git', GENERATED, intro, ...sections].join('\n\n')}\n`;
}

function postcheckPage(): string {
  const intro = `What \`./cpiab postcheck\` [lets a box prove](../operate/postcheck.md).`;
  const sections = Object.entries(postcheckGroups).map(([group, title]) => {
    const rows = Object.entries<PostcheckKind>(postchecks)
      .filter(([, check]) => check.group === group)
      .map(([id, { title, why, fix }]) => `| \`${id}\` | ${cell(title)} | ${cell(why)} | ${cell(fix)} |`);
    const head = ['| check | passes when | otherwise | what to do |', '|---|---|---|---|'];
    return [`## ${title}`, [...head, ...rows].join('\n')].join('\n\n');
  });
  return `${['# Post-check', GENERATED, intro, ...sections].join('\n\n')}\n`;
}

/** Text inside a table: no column ends, no HTML tags. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function statePage(): string {
  const inBackup = (backup: string | null) => (backup === null ? 'no' : `\`${backup}\``);
  const inCargo = (name: string) => (handedOver.some((each) => each === name) ? 'yes' : 'no');
  const rows = stateTree.map(
    ({ name, holds, secret, backup }) =>
      `| \`${name}\` | ${cell(holds)} | ${secret ? 'yes' : 'no'} | ${inBackup(backup)} | ${inCargo(name)} |`,
  );
  const text =
    'All state of a box lies below `/var/lib/cpiab`, on its data partition, or in memory when it has none. The rest comes from the medium, or is gone with a reboot.';
  return `${['# State of a box', GENERATED, text, ['| name | holds | secret | in a backup | in a cargo |', '|---|---|---|---|---|', ...rows].join('\n')].join('\n\n')}\n`;
}
