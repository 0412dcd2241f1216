import { readFileSync } from 'node:fs'
import type { LocalDevice } from '../../src/index.js'
import { hex } from './fed-algorithms.js'

interface Identity {
  readonly userBytes: string
  readonly device: number
  readonly falconSk: string
  readonly falconPk: string
  readonly ecdsaSk: string
  readonly ecdsaPk: string
  readonly fp: string
  readonly suites: readonly number[]
  readonly deviceRecord: string
}
interface Draw {
  readonly label: string
  readonly hex: string
}
interface Pair {
  readonly sk: string
  readonly pk: string
}
interface KemPair {
  readonly seed: string
  readonly ek: string
  readonly dk: string
}
export interface ConversationStep {
  readonly from: 'alice' | 'bob'
  readonly to: 'alice' | 'bob'
  readonly kind: number
  readonly content: string
  readonly plaintext: string
  readonly rng: readonly Draw[]
  readonly root: { readonly newRK: string; readonly CK: string } | null
  readonly header: { readonly type: number; readonly msgId: string; readonly sentAt: number }
  readonly unsigned: string
  readonly signature: string
}
interface Handshake {
  readonly encapsM: string
  readonly ct: string
  readonly body1: string
  readonly body2: string
  readonly ss: string
  readonly d: string
  readonly TH: string
  readonly PRK: string
  readonly RK: string
  readonly CK_F: string
  readonly KC: string
  readonly sid: string
}
export interface Vectors {
  readonly now: number
  readonly identities: { readonly alice: Identity; readonly bob: Identity }
  readonly records: {
    readonly prekey: { readonly id: number; readonly kind: 1 | 2; readonly notAfter: number; readonly record: string }
    readonly bundle: string
    readonly request: string
    readonly response: string
  }
  readonly wrapSign: {
    readonly signer: 'alice' | 'bob'
    readonly suite: number
    readonly bytes: string
    readonly tbs: string
    readonly cases: readonly {
      readonly name: string
      readonly purpose: string
      readonly signature: string
      readonly valid: boolean
    }[]
  }
  readonly handshakeA: Handshake & {
    readonly prekeyP256: Pair
    readonly prekeyKem: KemPair
    readonly EK_F: Pair
    readonly ek_F: KemPair
  }
  readonly handshakeB: Handshake & {
    readonly EK_A: Pair
    readonly ek_A: KemPair
    readonly EK_B: Pair
    readonly ek_B: KemPair
    readonly requestNonce: string
    readonly responseNonce: string
    readonly confirm: string
  }
  readonly conversationA: readonly ConversationStep[]
  readonly conversationB: readonly ConversationStep[]
  readonly refusedEnvelopes: {
    readonly cases: readonly {
      readonly name: string
      readonly of: number
      readonly set: readonly [number, number][]
      readonly signature: string
    }[]
  }
  readonly chain: readonly { readonly CK: string; readonly mk: string; readonly nextCK: string }[]
  readonly padding: readonly {
    readonly kind: number
    readonly contentLength: number
    readonly fill: string
    readonly plaintextLength: number
    readonly plaintextSha256: string
  }[]
  readonly bodyApart: {
    readonly msgId: string
    readonly key: string
    readonly kind: number
    readonly content: string
    readonly body: string
    readonly kind4Content: string
  }
  readonly safetyNumber: {
    readonly alice: { readonly user: string; readonly fps: readonly string[] }
    readonly bob: { readonly user: string; readonly fps: readonly string[] }
    readonly digits: string
  }
  readonly badKeys: { readonly p256: readonly { readonly name: string; readonly point: string }[] }
}

/** Vectors of QSM/1 from an independent implementation; see tests/vectors/qsm1/README.md. */
export const loadVectors = (): Vectors =>
  JSON.parse(
    readFileSync(new URL('../../../../tests/vectors/qsm1/qsm1-vectors.json', import.meta.url), 'utf8'),
  ) as Vectors

export const localDevice = (identity: Identity): LocalDevice => ({
  user: hex(identity.userBytes),
  device: identity.device,
  suite: 1,
  suites: identity.suites,
  managed: false,
  falcon: { publicKey: hex(identity.falconPk), secretKey: hex(identity.falconSk) },
  ecdsa: { publicKey: hex(identity.ecdsaPk), secretKey: hex(identity.ecdsaSk) },
})
