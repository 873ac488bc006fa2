/** A configuration of openssl by which names are PrintableString, as Go and the agent write them; Go compares names by their bytes. */
export const printableNames = '[req]\nstring_mask = nombstr\ndistinguished_name = name\n[name]\n';
