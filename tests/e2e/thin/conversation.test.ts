import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SdkServer, startSdkServer } from '../../support/sdk.js'
import { type ThinPerson, thinPerson } from '../../support/thin.js'

let server: SdkServer
const person = (who?: string): Promise<ThinPerson> => thinPerson(server.url, who)

beforeAll(async () => {
  server = await startSdkServer()
}, 60_000)
afterAll(() => server.end())

describe('two thin clients', () => {
  it('ask, accept, send both ways and read, by requests alone', async () => {
    const [alice, bob] = [await person('alice'), await person('bob')]
    const asked = await alice.post('/api/connection/request', { receiver_username: bob.username })
    expect(asked).toMatchObject({ status: 'sent', receiver: bob.username })
    const { requests } = await bob.get('/api/connection/pending')
    expect(requests).toMatchObject([{ request_id: asked.request_id, sender_username: alice.username }])
    expect(requests[0].handshake).toMatch(/^[A-Za-z0-9+/=]{4000,}$/)
    const accepted = await bob.post('/api/connection/respond', { request_id: asked.request_id, accept: true })
    expect(accepted).toMatchObject({ status: 'accepted', peer_username: alice.username })
    expect(accepted.session_id).toMatch(/^[0-9a-f]{32}$/)
    const sent = await alice.post('/api/message/send', { content: 'hello bob', recipient: bob.username })
    expect(sent).toMatchObject({ status: 'sent', encrypted: true, signed: true, message_type: 'secured' })
    expect(await bob.read()).toMatchObject([
      {
        id: sent.message_id,
        sequence: 1,
        sender_username: alice.username,
        peer_username: alice.username,
        content: 'hello bob',
        message_type: 'secured',
        timestamp: sent.timestamp,
        is_mine: false,
        is_read: false,
        verified: true,
      },
    ])
    await bob.post('/api/message/send', { content: 'hello alice' })
    expect(await alice.read()).toMatchObject([
      { content: 'hello bob', is_mine: true, sender_username: alice.username, peer_username: bob.username },
      { content: 'hello alice', is_mine: false, sender_username: bob.username },
    ])
  })
})
