import type { Site } from '../../contract/site.ts';
import { type KubeObject, type Text, textsOf } from './object.ts';

const ADDRESS =
  /\b(?:https?|oci|ssh|git|ftp|wss?):\/\/(?:[^\s/@"'<>]*@)?(?<host>\[[0-9a-fA-F:]+\]|[^\s/:"'`<>()\\{}$,;]+)/g;
/** Names that mean no machine: XML and JSON namespaces, and what RFC 2606 keeps for examples. */
const NAMES = /^(?:www\.w3\.org|json-schema\.org|(?:[\w-]+\.)*example(?:\.(?:com|net|org))?)$/;
/** Not on the Internet: RFC 6762, RFC 8375, ICANN's .internal, and what home routers use. */
const LOCAL = /\.(?:local|home\.arpa|internal|lan|localhost)$/;
/** RFC 1918, RFC 6598, loopback, link-local. */
const PRIVATE =
  /^(?:0\.0\.0\.0|10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const DOTTED = /^\d{1,3}(?:\.\d{1,3}){3}$/;
/** Addresses written as one number, which many resolvers take. */
const NUMBER = /^(?:\d+|0x[0-9a-f]+)$/;
const COMMENT = /^\s*(?:#|\/\/|<!--|\*)/;

/** Addresses in an object's texts that lead out of the box and the network it stands in. */
export function addressesOf(object: KubeObject, site: Site): { address: string; at: string }[] {
  // Descriptions in schemas are for people.
  if (object.kind === 'CustomResourceDefinition') return [];
  return [...textsOf(object)].flatMap((text) => inText(text, site));
}

function inText({ value, at }: Text, site: Site): { address: string; at: string }[] {
  return value
    .split('\n')
    .filter((line) => !COMMENT.test(line))
    .flatMap((line) => [...line.matchAll(ADDRESS)])
    .filter(({ groups }) => leadsOut(groups?.['host'] ?? '', site))
    .map(([address]) => ({ address, at }));
}

function leadsOut(name: string, site: Site): boolean {
  const host = name.toLowerCase();
  if (DOTTED.test(host)) return !PRIVATE.test(host) && host !== site.network.nodeAddress;
  if (host.startsWith('[')) return !/^\[(?:::1\]|fe80|f[cd])/.test(host);
  if (!host.includes('.')) return NUMBER.test(host);
  return !/\.(?:svc|cluster\.local)$/.test(host) && !NAMES.test(host) && !LOCAL.test(host);
}
