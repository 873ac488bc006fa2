import { isolatedGit } from '../../../host/isolated-git.ts';

/** Bytes of one push. */
const MAX_PUSH = 256 << 20;

/**
 * How git treats the box's repository, whatever configuration lies elsewhere: it never asks, never
 * looks outside, takes only whole and well-formed history, and has every object and reference on the
 * disk before it says that a push is done. Source: git-config(1).
 */
const settings: Readonly<Record<string, string>> = {
  'core.fsync': 'all',
  'core.fsyncMethod': 'fsync',
  // No repository's own hooks run; pushes get those that ask the agent.
  'core.hooksPath': '/dev/null',
  // What a branch was before stays known, and nothing that was pushed is ever collected.
  'core.logAllRefUpdates': 'always',
  'gc.reflogExpire': 'never',
  'gc.reflogExpireUnreachable': 'never',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'receive.autogc': 'false',
  'receive.fsckObjects': 'true',
  'receive.maxInputSize': String(MAX_PUSH),
  'receive.unpackLimit': '1',
  'safe.directory': '*',
  'uploadpack.allowFilter': 'true',
};

/**
 * The environment of every git that the agent starts.
 * @param more settings for this one.
 */
export function gitEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    HOME: '/nonexistent',
    ...isolatedGit({ ...settings, ...more }),
  };
}
