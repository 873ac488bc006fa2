import { appCommand } from './commands/app.ts';
import { applyCommand } from './commands/apply.ts';
import { approveCommand } from './commands/approve.ts';
import { assembleCommand } from './commands/assemble.ts';
import { assessCommand } from './commands/assess.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { bootCommand } from './commands/boot.ts';
import { buildCommand } from './commands/build.ts';
import { cacheCommand } from './commands/cache.ts';
import { cargoCommand } from './commands/cargo.ts';
import { checkCommand } from './commands/check.ts';
import { closeCommand } from './commands/close.ts';
import { deltaCommand } from './commands/delta.ts';
import { denyCommand } from './commands/deny.ts';
import { deployCommand } from './commands/deploy.ts';
import { diffCommand } from './commands/diff.ts';
import { discoverCommand } from './commands/discover.ts';
import { doctorCommand } from './commands/doctor.ts';
import { drainCommand } from './commands/drain.ts';
import { drillCommand } from './commands/drill.ts';
import { expandCommand } from './commands/expand.ts';
import { exportCommand } from './commands/export.ts';
import { inspectCommand } from './commands/inspect.ts';
import { installCommand } from './commands/install.ts';
import { inviteCommand } from './commands/invite.ts';
import { joinCommand } from './commands/join.ts';
import { keyCommand } from './commands/key.ts';
import { kubeconfigCommand } from './commands/kubeconfig.ts';
import { lockCommand } from './commands/lock.ts';
import { nodesCommand } from './commands/nodes.ts';
import { operatorCommand } from './commands/operator.ts';
import { outdatedCommand } from './commands/outdated.ts';
import { passphraseCommand } from './commands/passphrase.ts';
import { postcheckCommand } from './commands/postcheck.ts';
import { pushCommand } from './commands/push.ts';
import { removeCommand } from './commands/remove.ts';
import { renewCommand } from './commands/renew.ts';
import { repairCommand } from './commands/repair.ts';
import { restoreCommand } from './commands/restore.ts';
import { revokeCommand } from './commands/revoke.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { rotateCommand } from './commands/rotate.ts';
import { secretsCommand } from './commands/secrets.ts';
import { seedCommand } from './commands/seed.ts';
import { serveCommand } from './commands/serve.ts';
import { splitCommand } from './commands/split.ts';
import { stageCommand } from './commands/stage.ts';
import { statusCommand } from './commands/status.ts';
import { supportBundleCommand } from './commands/support-bundle.ts';
import { testCommand } from './commands/test.ts';
import { verifyCommand } from './commands/verify.ts';

/** Every command, in the order of `--help`. Each file loads what its work needs only when it runs. */
export const commands = [
  buildCommand,
  lockCommand,
  outdatedCommand,
  appCommand,
  checkCommand,
  closeCommand,
  verifyCommand,
  inspectCommand,
  diffCommand,
  deltaCommand,
  applyCommand,
  splitCommand,
  assembleCommand,
  repairCommand,
  serveCommand,
  keyCommand,
  operatorCommand,
  secretsCommand,
  seedCommand,
  bootCommand,
  statusCommand,
  kubeconfigCommand,
  postcheckCommand,
  stageCommand,
  discoverCommand,
  installCommand,
  pushCommand,
  rollbackCommand,
  inviteCommand,
  nodesCommand,
  approveCommand,
  denyCommand,
  drainCommand,
  revokeCommand,
  removeCommand,
  rotateCommand,
  joinCommand,
  renewCommand,
  auditCommand,
  supportBundleCommand,
  expandCommand,
  exportCommand,
  backupCommand,
  restoreCommand,
  cargoCommand,
  assessCommand,
  passphraseCommand,
  deployCommand,
  drillCommand,
  doctorCommand,
  cacheCommand,
  testCommand,
] as const;
