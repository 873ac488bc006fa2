/** What is wrong with a new app: part of group 1, input. */
export const appErrors = {
  E1082: {
    exit: 2,
    says: (set: string, _site: string) => `does not carry bundle set ${set}`,
    hint: (set: string, site: string) =>
      `name ${set} among the \`bundles\` of config/clusters/${site}.yaml, or leave the app out of the site with --no-site`,
  },
} as const;
