import { clusterRules } from './table/cluster.ts';
import { repositoryRules } from './table/repository.ts';
import { workloadsRules } from './table/workloads.ts';

/** Every rule, by the name that findings, exceptions and the documentation give it. */
export const rules = { ...repositoryRules, ...clusterRules, ...workloadsRules } as const;

export type RuleName = keyof typeof rules;

export const isRule = (name: string): name is RuleName => Object.hasOwn(rules, name);
export const mayBeExcepted = (name: RuleName): boolean => 'exception' in rules[name];
