import { describe } from 'vitest'
import { type Bus, createMemoryBus } from '../src/index.js'
import { busSuite } from './bus-suite.js'

describe('the bus of one process', () => {
  let bus: { readonly one: Bus; closed: boolean } | null = null
  busSuite(async onError => {
    if (!bus || bus.closed) {
      const one = createMemoryBus(onError)
      const state = { one, closed: false }
      const close = one.close.bind(one)
      one.close = async () => {
        state.closed = true
        await close()
      }
      bus = state
    }
    return bus.one
  })
})
