/** The package with the C sources: the crate that carries the whole of liboqs. Its SHA-256 is the one of the crate index. */
export const crate = {
  name: 'oqs-sys',
  version: '0.11.0+liboqs-0.13.0',
  sha256: 'ac6d66ee528a895ce5cc08851698d109c5d7ee5d7a0b3b40d61550eda91e414f',
}
export const liboqsVersion = crate.version.split('liboqs-')[1]

/**
 * What each module is made of: `sources` of the folder `from` in the crate, then `ours` in the folder `c`, linked in this order.
 * Headers of the folder `headers` in `c` come before those of the system. `places` are what the host reads and writes. The sources
 * `inlined` get their functions inlined far beyond the compiler's measure: calls between them are what a signature spends most on.
 * Of `stackBytes` less than half is used, which a test watches; all of them are cleared after each operation.
 */
export const modules = [
  {
    name: 'falcon-512',
    identifier: 'falcon512Wasm',
    // Written for AVX2, whose operations are laid onto those of WebAssembly by c/falcon/immintrin.h.
    from: 'liboqs/src/sig/falcon/pqclean_falcon-512_avx2',
    licence: 'LICENSE',
    sources: ['codec.c', 'common.c', 'fft.c', 'fpr.c', 'keygen.c', 'rng.c', 'sign.c', 'vrfy.c'],
    inlined: ['fft.c', 'rng.c', 'sign.c'],
    ours: ['falcon/shake256.c', 'falcon/hash-to-point.c', 'falcon/ring.c', 'falcon.c', 'memory.c'],
    headers: 'falcon',
    defines: [],
    places: ['public_key', 'secret_key', 'drawn', 'signature', 'message'],
    stackBytes: 65_536,
  },
  {
    name: 'ml-kem-768',
    identifier: 'mlKem768Wasm',
    from: 'liboqs/src/kem/ml_kem/mlkem-native_ml-kem-768_ref/mlkem',
    licence: 'LICENSE',
    sources: ['compress.c', 'indcpa.c', 'kem.c', 'poly.c', 'poly_k.c', 'verify.c'],
    inlined: [],
    ours: [
      'ml-kem/arithmetic.c',
      'ml-kem/products.c',
      'ml-kem/coding.c',
      'ml-kem/sampling.c',
      'ml-kem/noise.c',
      'ml-kem/encrypt.c',
      'ml-kem/hashes.c',
      'ml-kem.c',
      'memory.c',
    ],
    headers: 'ml-kem',
    defines: ['MLK_CONFIG_FILE="config.h"'],
    places: ['public_key', 'secret_key', 'ciphertext', 'shared_secret', 'drawn'],
    stackBytes: 32_768,
  },
]
