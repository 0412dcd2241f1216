import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'koa'
import helmet from 'koa-helmet'

// The API answers JSON; the pages of /docs bring their own policy.
const options = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
  // For plug-ins and browsers that are gone, or for pages only: each header costs every answer.
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
}

/**
 * The headers that helmet sets. They never change, so they are taken down once: running its middlewares for each request
 * costs more than most handlers.
 */
export const securityHeaders = (): readonly (readonly [name: string, value: string])[] => {
  const headers = new Map<string, string>([['Cache-Control', 'no-store']])
  const recorder = {
    setHeader: (name: string, value: string) => headers.set(name, String(value)),
    removeHeader: (name: string) => headers.delete(name),
  }
  const context = { req: {} as IncomingMessage, res: recorder as unknown as ServerResponse } as Context
  // helmet sets its headers before it returns; only the promise around it is later.
  void helmet(options)(context, async () => {})
  if (!headers.has('X-Content-Type-Options')) throw new Error('helmet set no headers')
  return [...headers]
}
