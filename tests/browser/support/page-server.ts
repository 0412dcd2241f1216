import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A file of `tests/browser/page` with all that it imports, as a web application bundles it, from the sources. */
const bundle = async (name: string): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../page/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['qsm-source'],
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

const html = '<!doctype html><meta charset="utf-8"><title>QSM</title><script type="module" src="/page.js"></script>'

/** The pages of a web application at an origin of its own. */
export interface PageServer {
  readonly origin: string
  close(): Promise<void>
}

/** `mayReach`: what the pages may connect to, by their Content-Security-Policy. */
export const startPageServer = async (name: string, mayReach: () => readonly string[]): Promise<PageServer> => {
  const script = await bundle(name)
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    const policy = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${mayReach().join(' ') || "'none'"}; base-uri 'none'; form-action 'none'`
    response.setHeader('Content-Security-Policy', policy)
    if (request.url === '/favicon.ico') return response.writeHead(204).end()
    response.setHeader('Content-Type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8')
    return response.end(isScript ? script : html)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
