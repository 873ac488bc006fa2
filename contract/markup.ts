const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as HTML and XML have it, also between double quotes. */
export const asMarkup = (text: string): string => text.replace(/[&<>"]/g, (found) => ENTITIES[found] ?? '');
