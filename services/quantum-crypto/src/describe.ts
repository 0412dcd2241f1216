import type { AlgorithmReport } from '@qsm/wasm'

/** Algorithms of the platform, which need no WASM. Sizes in bytes. */
const platform = [
  {
    name: 'ECDSA-P256-SHA256',
    kind: 'signature',
    sizes: { publicKeyBytes: 65, secretKeyBytes: 32, signatureBytes: 64 },
  },
  { name: 'AES-256-GCM', kind: 'aead', sizes: { keyBytes: 32, nonceBytes: 12, tagBytes: 16 } },
]

/** What runs here, as health and info show it. */
export const describe = (report: AlgorithmReport, version: string) => ({
  service: 'quantum-crypto',
  version,
  library: report.library,
  library_version: report.version,
  audited: report.audited,
  algorithms: [...report.algorithms.map(({ name, kind, sizes }) => ({ name, kind, sizes: { ...sizes } })), ...platform],
  self_test: { passed: report.selfTest.passed, checks: [...report.selfTest.checks] },
  wasm_sha256: Object.fromEntries(
    report.algorithms.flatMap(({ name, wasmSha256 }) => (wasmSha256 ? [[name, wasmSha256]] : [])),
  ),
})
