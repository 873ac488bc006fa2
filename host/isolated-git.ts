/**
 * Environment of a git that takes these settings and no configuration that lies elsewhere, and asks nobody.
 * Source: git-config(1), GIT_CONFIG_COUNT.
 */
export function isolatedGit(settings: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(settings).map(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(entries.flat()),
  };
}
