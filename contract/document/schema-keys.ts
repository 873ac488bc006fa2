import { z } from 'zod';

type Json = z.core.JSONSchema.BaseSchema;

/** Names that a mapping at a place of a document may have as keys, sorted. Empty where any name will do. */
export function keysAt(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  let found: Json[] = [z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })];
  for (const step of path) found = found.flatMap(branches).flatMap((branch) => below(branch, step));
  return [
    ...new Set(found.flatMap(branches).flatMap(({ properties = {} }) => Object.keys(properties))),
  ].toSorted();
}

/** A schema with a choice stands for each of its choices. */
function branches(schema: Json): Json[] {
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...choices.flatMap(branches)];
}

function below({ properties = {}, additionalProperties, items }: Json, step: string | number): Json[] {
  const inner = typeof step === 'number' ? items : (properties[step] ?? additionalProperties);
  return typeof inner === 'object' && !Array.isArray(inner) ? [inner] : [];
}
