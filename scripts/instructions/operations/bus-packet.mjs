import { decodePacket, encodePacket } from '../../../packages/server-kit/dist/src/bus/packet.js'

const from = '01890a5d-b0b1-7c3e-8c1e-0d2f6b1a9c55'
const hints = Array.from({ length: 20 }, (_, index) => ({
  kind: 'mailbox',
  user_id: `01890a5d-ac96-774b-bcce-b302099a80${String(index).padStart(2, '0')}`,
  device_id: 305_419_896 + index,
  sequence: 42 + index,
}))

export const prepare = () => count => {
  for (let done = 0; done < count; done += 1) {
    const { packet, refused } = decodePacket(encodePacket({ from, hints }))
    if (refused > 0 || packet.hints.length !== hints.length) throw new Error('a hint was lost')
  }
}
