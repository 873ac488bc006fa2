import { posix } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { AppList } from '../../contract/app-list.ts';
import { appBackupCommand, appRestoreCommand } from '../backup/app.ts';
import { command, plainCommand, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

export function appCommand(context: CliContext) {
  const parent = command('app', 'make an app, list what there are, back one up and restore it', [
    { line: 'cpiab app new notes', does: 'a folder that keeps every rule; it serves a page of its own' },
    {
      line: 'cpiab app new notes --image syncthing --port 8384 --path /rest/noauth/health --data /data',
      does: 'one of a recipe, which keeps something',
    },
    {
      line: 'cpiab app new notes --image ghcr.io/owner/notes:1.2.3 --bundle media --no-site',
      does: 'one that others publish, which no site runs yet',
    },
    { line: 'cpiab app list', does: 'title, owner, images, health, backup, sites of each' },
    { line: 'cpiab app backup notes --list', does: 'the snapshots of its claims on the NAS' },
    { line: 'cpiab app restore notes --snapshot 1a2b3c4d', does: 'its claims as they were in one of them' },
  ]);
  return parent
    .addCommand(newCommand(context))
    .addCommand(listCommand(context))
    .addCommand(appBackupCommand(context))
    .addCommand(appRestoreCommand(context));
}

function newCommand(context: CliContext) {
  return plainCommand('new', 'Make the folder of an app, name it in a bundle set, let a site run it.')
    .argument('<name>', 'its folder, its namespace and its Kustomization')
    .option('--title <text>', 'what people call it (default: its name)', oneLine)
    .option('--owner <owner>', 'who answers for it', oneLine, 'tools')
    .option('--bundle <set>', 'bundle set that carries it', 'core')
    .option('--image <image>', 'a recipe of images/oci, or a full reference such as ghcr.io/owner/name:1.2.3')
    .option('--port <number>', 'where it answers HTTP', wholeNumber(1, 65_535), 8080)
    .option('--path <path>', 'what answers when it works', absolute, '/')
    .option('--data <directory>', 'what it writes there is kept on a claim', absolute)
    .option('--site <site>', 'site that runs it', 'lab')
    .option('--no-site', 'let no site run it yet')
    .action(async (name, { title = name, site, ...options }) => {
      const { makeApp } = await import('../../builder/app/new-app.ts');
      const { repository } = context;
      const app = { name, title, site: site === false ? undefined : site, ...options };
      const written = await makeApp(repository, app);
      const folder = `cluster/kubernetes/apps/${name}`;
      const next = [
        `next: ./cpiab check ${folder}`,
        ...(app.site === undefined ? [] : [`then: ./cpiab lock ${app.site}`]),
      ];
      context.print({ app: name, folder, written }, [...written, ...next].join('\n'));
    });
}

function oneLine(text: string): string {
  if (/^[^\p{C}]{1,100}$/u.test(text)) return text;
  throw new InvalidArgumentError('expected one line of at most 100 characters');
}

function absolute(text: string): string {
  if (/^\/[\w./~-]*$/.test(text)) return text;
  throw new InvalidArgumentError('expected a path that begins with / and has no spaces');
}

function listCommand(context: CliContext) {
  return plainCommand('list', 'List every app: whose it is, what it needs, who runs it.').action(async () => {
    const { readWorkTree } = await import('../../builder/check/work-tree.ts');
    const { listApps } = await import('../../builder/app/list-apps.ts');
    const { linesOf } = await import('../../policy/finding.ts');
    const tree = await readWorkTree(context.repository, context.signal);
    const { apps, findings } = await listApps(tree, new Date().toISOString().slice(0, 10));
    for (const line of linesOf(findings)) context.note(line);
    const list: AppList = { apiVersion: 'cpiab.dev/v1', kind: 'AppList', apps };
    context.print(list, appsTable(apps));
    if (findings.length > 0) context.exitWith(1);
  });
}

function appsTable(apps: AppList['apps']): string {
  return table([
    ['app', 'title', 'owner', 'bundle', 'images', 'health', 'backup', 'sites'],
    ...apps.map(({ name, title, owner, bundle, images, health, backup, sites }) => [
      ...[name, title, owner, bundle, images.map((image) => posix.basename(image)).join(', ')],
      'path' in health ? `${health.service}:${health.port}${health.path}` : health.deployment,
      ...[backup, sites.join(', ') || 'none'],
    ]),
  ]);
}
