/**
 * The query that asks for the next page of a list. Only the query is taken: where to ask stays the registry's
 * address. Source: RFC 8288; OCI Distribution Specification 1.1, listing tags and referrers.
 */
export function nextQuery(link: string | string[] | undefined): string | undefined {
  return /<[^>?]*\?(?<query>[^>]*)>\s*;\s*rel="?next"?/.exec(String(link ?? ''))?.groups?.['query'];
}
