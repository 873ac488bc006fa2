/** What Linux answers to version 3 where it has only 4: accepted, and which versions there are (RFC 5531 section 9). */
export const nfsAnswer = '800000204350494100000001000000000000000000000000000000020000000400000004';
