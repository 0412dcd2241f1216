import { createHttpApp, createMetrics, createLog, createTokens, listenHttp, route, systemClock } from '@qsm/server-kit'
import { getMe } from '@qsm/contract'
import Koa from 'koa'
const X = new Set((process.env.X ?? '').split(','))
const tokens = createTokens({ secret: 'x'.repeat(48), lifeMs: 1800e3, clock: systemClock })
const log = createLog({ service: 'bench', level: 'warn' })
const token = tokens.issueAccess({ userId: '01890a5d-ac96-774b-bcce-b302099a8057', username: 'alice', sessionId: '01890a5d-ac96-774b-bcce-b302099a8058' })
const C = tokens.verifyAccess(token)
const metrics = X.has('nometrics') ? { histogram: () => ({ observe() {} }) } : createMetrics()
const filler = Array.from({length: 39}, (_, i) => route({...getMe, path: `/api/f${i}/{a}/x`, auth:'open'})(async()=>({status:200,body:{}})))
const me = route(getMe)(async ({ caller }) => ({ status: 200, body: { user_id: caller.userId, username: caller.username, email: 'a@b', created_at: '2026-11-24T12:00:00.000Z', session_id: caller.sessionId } }))
const app = createHttpApp({ groups: [{ routes: X.has('noroutes') ? [me] : [...filler.slice(0,20), me, ...filler.slice(20)], authenticate: X.has('noauth') ? () => C : t => tokens.verifyAccess(t), authenticateService() {} }], log, clock: systemClock, metrics, allowedOrigins: [], trustProxy: false })
if (X.has('noentry')) app.middleware.shift()
const s = await listenHttp(app, { host: '127.0.0.1', port: 0, variable: 'PORT' })
process.send({ port: s.port, token })
let base
process.on('message', m => { if (m === 'bye') process.exit(); if (m === 'start') base = process.cpuUsage(); else { const c = process.cpuUsage(base); process.send({ us: c.user + c.system, user: c.user }) } })
