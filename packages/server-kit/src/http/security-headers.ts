import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'koa'
import helmet from 'koa-helmet'

/**
 * The headers that helmet sets, computed once: they never change, and running its fourteen middlewares for each request
 * costs more than most handlers.
 */
export const securityHeaders = async (): Promise<readonly (readonly [string, string])[]> => {
  const headers = new Map<string, string>()
  const recorder = {
    setHeader: (name: string, value: string) => headers.set(name, String(value)),
    removeHeader: (name: string) => headers.delete(name),
  }
  const context = { req: {} as IncomingMessage, res: recorder as unknown as ServerResponse } as Context
  await helmet()(context, async () => {})
  return [...headers]
}
