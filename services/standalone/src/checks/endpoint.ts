/** Where a TCP connection to an http or https address goes: an IPv6 address without its brackets, and the port. */
export const endpointOf = (url: URL): { readonly host: string; readonly port: number } => ({
  host: url.hostname.replace(/^\[|\]$/g, ''),
  port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
})
