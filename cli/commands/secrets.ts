import type { Rendered } from '../../builder/secrets/render.ts';
import type { Workbench } from '../../builder/secrets/workbench.ts';
import { command, plainCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { table } from '../table.ts';

const SITE = ['[site]', 'which file of config/clusters', 'lab'] as const;

export function secretsCommand(context: CliContext) {
  const parent = command('secrets', "encrypt a site's Secrets, and look for those that are not", [
    { line: 'cpiab secrets render lab', does: 'config/env/lab.env becomes encrypted manifests' },
    { line: 'cpiab secrets edit lab web/login', does: 'one of them in $EDITOR' },
    { line: 'cpiab secrets rotate lab --key', does: 'a new age key; all are encrypted for it' },
    { line: 'cpiab secrets unlock https://10.0.0.7:7443', does: 'hands the age key to a box, once' },
    { line: 'cpiab secrets user ada', does: 'a password, and its line for SSO_USERS in the env file' },
    { line: 'cpiab secrets scan', does: 'plain secrets in the work tree and in every commit' },
  ]);
  return parent
    .addCommand(renderCommand(context))
    .addCommand(editCommand(context))
    .addCommand(rotateCommand(context))
    .addCommand(unlockCommand(context))
    .addCommand(userCommand(context))
    .addCommand(scanCommand(context));
}

function renderCommand(context: CliContext) {
  return plainCommand('render', 'Write what the env file of a site holds as Secrets that SOPS encrypts.')
    .argument(...SITE)
    .action(async (name) => {
      const { renderSecrets } = await import('../../builder/secrets/render.ts');
      printRendered(name, await renderSecrets(await bench(name, context)), context);
    });
}

function editCommand(context: CliContext) {
  return plainCommand('edit', 'Open one encrypted Secret in $EDITOR. An env file is not changed by it.')
    .argument('<site>', 'which file of config/clusters')
    .argument('<secret>', 'APP/NAME')
    .action(async (name, secret) => {
      const { editSecret } = await import('../../builder/secrets/edit.ts');
      printRendered(name, [await editSecret(await bench(name, context), secret)], context);
    });
}

function rotateCommand(context: CliContext) {
  return plainCommand('rotate', 'Encrypt all Secrets of a site anew, for those that .sops.yaml names.')
    .argument(...SITE)
    .option('--key', 'with a new age key; the old one stays in the key file', false)
    .option('--retire', 'only delete the old age keys, once no box needs them', false)
    .action(async (name, { key, retire }) => {
      const { retireOldKeys, rotateAgeKey, rotateDataKeys } = await import('../../builder/secrets/rotate.ts');
      const { CpiabError } = await import('../../contract/errors.ts');
      if (key && retire)
        throw new CpiabError('E1010', {
          subject: 'cpiab secrets rotate',
          args: ['--key and --retire exclude each other', 'cpiab secrets rotate'],
        });
      const tools = await bench(name, context);
      if (retire) {
        const retired = await retireOldKeys(tools);
        context.print(
          { site: name, retired },
          `${name}: ${retired} old age ${retired === 1 ? 'key' : 'keys'} deleted`,
        );
        return;
      }
      printRendered(name, await (key ? rotateAgeKey(tools) : rotateDataKeys(tools)), context);
    });
}

function unlockCommand(context: CliContext) {
  return plainCommand('unlock', 'Hand a box the age key of its site, so that Flux can decrypt what Git has.')
    .argument('<box>', "the box's address, and after # the fingerprint that its console shows")
    .action(async (box) => {
      const { boxAddress, fetchStatus } = await import('../box/client.ts');
      const { OperatorClient } = await import('../box/operator.ts');
      const { unlock } = await import('../box/unlock.ts');
      const address = await boxAddress(box, 'cpiab secrets unlock');
      const { site } = (await fetchStatus(address)).box;
      const client = await OperatorClient.of(address, site, context.signal);
      const unlocked = await unlock(client, site);
      const state = unlocked.applied ? 'Flux has it' : 'Flux gets it with the cluster';
      context.print(
        unlocked,
        `${site}: the box keeps the key for ${unlocked.recipients.join(', ')}; ${state}`,
      );
    });
}

function userCommand(context: CliContext) {
  return plainCommand('user', 'Make a password for a user of the login, and the line that declares him.')
    .argument('<name>', 'letters, digits and .-_')
    .option('--password-file <file>', 'its first line is the password; else one is made')
    .action(async (name, { passwordFile }) => {
      const { hashPassword, newPassword } = await import('../../sso/password.ts');
      const { isUserName } = await import('../../sso/users.ts');
      const { CpiabError } = await import('../../contract/errors.ts');
      const { readPassphrase } = await import('../backup/keys.ts');
      if (!isUserName(name))
        throw new CpiabError('E1010', {
          subject: name,
          args: ['a user has small letters, digits and .-_ only', 'cpiab secrets user'],
        });
      const password = passwordFile === undefined ? newPassword() : await readPassphrase(passwordFile);
      const line = `${name}:${await hashPassword(password)}`;
      // One that somebody chose is not shown.
      const made = passwordFile === undefined ? { password } : {};
      const shown = passwordFile === undefined ? `\n\npassword of ${name}: ${password}` : '';
      context.print({ name, line, ...made }, `${line}${shown}`);
    });
}

function scanCommand(context: CliContext) {
  return plainCommand('scan', 'Look for secrets in plain text: in the work tree, and in every commit.')
    .argument(...SITE)
    .action(async (name) => {
      const { scanRepository } = await import('../../builder/secrets/scan.ts');
      const { readSite } = await import('../../builder/config/read-site.ts');
      await readSite(context.repository, name);
      const { files, leaks } = await scanRepository(context.repository, name, context.signal);
      const lines = leaks.map(
        ({ place, commit, blob, what, fix }) =>
          `${place}: ${what}\n  in: ${commit ?? 'the work tree'}, content ${blob}\n  fix: ${fix}`,
      );
      const looked = `${files.tree} files, and ${files.history} in the history`;
      const end = leaks.length === 0 ? `clean: ${looked}` : `found: ${leaks.length} in ${looked}`;
      context.print({ site: name, files, leaks }, [...lines, end].join('\n'));
      if (leaks.length > 0) context.exitWith(1);
    });
}

async function bench(name: string, context: CliContext): Promise<Workbench> {
  const { readSite } = await import('../../builder/config/read-site.ts');
  const { parseBoxSite } = await import('../../contract/site.ts');
  const { openWorkbench } = await import('../../builder/secrets/workbench.ts');
  const { buildHost } = await import('../build-host.ts');
  const site = parseBoxSite(await readSite(context.repository, name));
  return await openWorkbench(site, buildHost(context));
}

function printRendered(site: string, secrets: Rendered[], context: CliContext): void {
  const text =
    secrets.length === 0
      ? `${site}: its apps ask for no Secret`
      : table([['Secret', ''], ...secrets.map(({ path, state }) => [path, state])]);
  context.print({ site, secrets }, text);
}
