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

const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
}

/** Serves `/openapi.json` and, from files of the installation, Swagger UI at `/docs`. */
export const documents = (openApi: object): Middleware => {
  const text = JSON.stringify(openApi)
  return async function serveDocuments(context, next) {
    if (context.method !== 'GET' && context.method !== 'HEAD') return next()
    if (context.path === '/openapi.json') {
      context.type = 'application/json'
      context.body = text
      return
    }
    if (context.path === '/docs' || context.path === '/docs/') {
      context.set('Content-Security-Policy', policy)
      context.type = 'text/html; charset=utf-8'
      context.body = page
      return
    }
    if (context.path === '/docs/start.js') {
      context.type = 'text/javascript; charset=utf-8'
      context.body = start
      return
    }
    const name = context.path.startsWith('/docs/') ? context.path.slice('/docs/'.length) : ''
    const type = Object.hasOwn(assets, name) ? assets[name] : undefined
    if (type === undefined) return next()
    context.set('Cache-Control', 'public, max-age=3600')
    context.type = type
    context.body = await readFile(join(swaggerUiFolder(), name))
  }
}
