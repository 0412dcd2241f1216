import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Middleware } from 'koa'
// Not the package's entry: that one loads the whole bundle into this process.
import swaggerUiFolder from 'swagger-ui-dist/absolute-path.js'

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>QSM API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

const start = `window.ui = SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#swagger-ui', validatorUrl: null, deepLinking: true, persistAuthorization: false
})
`

// Swagger UI sets styles and loads its own icons as data; nothing comes from another host.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const css = 'text/css; charset=utf-8'
const javascript = 'text/javascript; charset=utf-8'

interface Document {
  readonly type: string
  readonly body: () => string | Promise<Buffer>
  readonly headers?: Readonly<Record<string, string>>
}

/** A file of the installation, read once when it is first asked for. */
const asset = (type: string, name: string): Document => {
  let read: Promise<Buffer> | null = null
  const body = () => {
    read ??= readFile(join(swaggerUiFolder(), name))
    return read
  }
  return { type, body, headers: { 'Cache-Control': 'public, max-age=3600' } }
}

/** Serves `/openapi.json` and, from files of the installation, Swagger UI at `/docs`. */
export const documents = (openApi: object): Middleware => {
  const text = JSON.stringify(openApi)
  const html: Document = {
    type: 'text/html; charset=utf-8',
    body: () => page,
    headers: { 'Content-Security-Policy': policy },
  }
  const byPath: ReadonlyMap<string, Document> = new Map([
    ['/openapi.json', { type: 'application/json; charset=utf-8', body: () => text }],
    ['/docs', html],
    ['/docs/', html],
    ['/docs/start.js', { type: javascript, body: () => start }],
    ['/docs/swagger-ui.css', asset(css, 'swagger-ui.css')],
    ['/docs/swagger-ui-bundle.js', asset(javascript, 'swagger-ui-bundle.js')],
  ])
  return async function serveDocuments(context, next) {
    const document = byPath.get(context.path)
    if (!document || (context.method !== 'GET' && context.method !== 'HEAD')) return next()
    context.state.routePattern = context.path
    const body = await document.body()
    context.set('Content-Type', document.type)
    if (document.headers) context.set(document.headers)
    context.body = body
  }
}
