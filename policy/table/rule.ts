/** What a rule is about; a page of the documentation has one table for each. */
export const ruleGroups = {
  references: 'Branches and tags',
  history: 'History',
  files: 'Files',
  documents: 'YAML and our own documents',
  objects: 'Objects',
  flux: 'Kustomize and Flux',
  pods: 'Pods and permissions',
  closed: 'Closed world',
} as const;

export interface Rule {
  group: keyof typeof ruleGroups;
  /** What is refused, as a noun phrase. */
  refuses: string;
  /** What to do about it. */
  fix: string;
  /** Whether an app may break it for one object, with a reason, an owner and an end. */
  exception?: true;
}
