/** Source: Kubernetes API reference, NodeSelectorRequirement. */
export interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  values?: readonly string[];
}

/** Source: Kubernetes API reference, NodeSelectorTerm. */
export interface Term {
  matchExpressions?: readonly Requirement[];
  /** Of a node's fields, of which there is one, its name. */
  matchFields?: readonly Requirement[];
}

export interface LabelledNode {
  name: string;
  labels: Readonly<Record<string, string>>;
}

type Test = (found: string | undefined, values: readonly string[]) => boolean;

const tests: Record<Requirement['operator'], Test> = {
  In: (found, values) => found !== undefined && values.includes(found),
  NotIn: (found, values) => found === undefined || !values.includes(found),
  Exists: (found) => found !== undefined,
  DoesNotExist: (found) => found === undefined,
  Gt: (found, [value]) => Number(found) > Number(value),
  Lt: (found, [value]) => Number(found) < Number(value),
};

/** Whether a node fits one of the terms. A term without anything fits none, as the scheduler has it. */
export function fitsTerms(terms: readonly Term[], node: LabelledNode): boolean {
  return terms.some((term) => fitsTerm(term, node));
}

function fitsTerm(
  { matchExpressions = [], matchFields = [] }: Term,
  { name, labels }: LabelledNode,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every(({ key, operator, values = [] }) => tests[operator](labels[key], values)) &&
    matchFields.every(({ operator, values = [] }) => tests[operator](name, values))
  );
}
