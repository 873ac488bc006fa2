/** A schema as Kubernetes publishes it, without descriptions. Source: OpenAPI 2.0, schema object. */
export interface FieldSchema {
  type?: 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';
  format?: string;
  /** Name of a definition. */
  $ref?: string;
  required?: string[];
  properties?: Record<string, FieldSchema>;
  items?: FieldSchema;
  additionalProperties?: FieldSchema;
}

/** What one version of Kubernetes says of its objects. */
export interface ObjectSchemas {
  /** Such as `v1.36.3`. */
  version: string;
  /** By `group/version/Kind`, without the group for the core's. */
  kinds: Record<string, { definition: string; namespaced: boolean }>;
  definitions: Record<string, FieldSchema>;
}

/** Below the repository. */
export const schemasPath = 'policy/schema/kubernetes.json';

/** Read when it is needed: it is the largest part of the rules. */
export async function loadObjectSchemas(): Promise<ObjectSchemas> {
  const { default: schemas } = await import('./kubernetes.json', { with: { type: 'json' } });
  return schemas as unknown as ObjectSchemas;
}
