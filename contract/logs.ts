/** Where Loki is, as the app of the same name has it. Its labels are `namespace`, `pod`, `container` and `node`. */
export const loki = { namespace: 'loki', service: 'loki', port: 3100 } as const;
