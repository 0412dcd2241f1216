/** The package with the C sources: the crate that carries the whole of liboqs. Its SHA-256 is the one of the crate index. */
export const crate = {
  name: 'oqs-sys',
  version: '0.11.0+liboqs-0.13.0',
  sha256: 'ac6d66ee528a895ce5cc08851698d109c5d7ee5d7a0b3b40d61550eda91e414f',
}
export const liboqsVersion = crate.version.split('liboqs-')[1]

const falcon = 'liboqs/src/sig/falcon/pqclean_falcon-512_clean'
const mlKem = 'liboqs/src/kem/ml_kem/mlkem-native_ml-kem-768_ref/mlkem'

/**
 * What each module is made of. `units` are compiled one by one and linked in this order: a path in `from` of the crate, or in
 * `c` of this folder. `headers` are looked up in the order given; `copied` are the files of the crate that lie in `sources/`.
 */
export const modules = [
  {
    name: 'falcon-512',
    identifier: 'falcon512Wasm',
    licence: `${falcon}/LICENSE`,
    parts: [
      {
        // Without fpr.h, whose place is taken by our own.
        from: falcon,
        copied: ['inner.h', 'codec.c', 'common.c', 'fft.c', 'keygen.c', 'rng.c', 'sign.c', 'vrfy.c'],
        compiled: ['codec.c', 'common.c', 'fft.c', 'keygen.c', 'rng.c', 'sign.c', 'vrfy.c'],
      },
      // Its tables of doubles are written as bits, so this file needs the header with the integers.
      { from: falcon, copied: ['inner.h', 'fpr.h', 'fpr.c'], compiled: ['fpr.c'] },
    ],
    ours: ['falcon/shake256.c', 'falcon/hash-to-point.c', 'falcon.c', 'memory.c'],
    headers: ['falcon'],
    defines: [],
    places: ['public_key', 'secret_key', 'drawn', 'signature', 'message'],
  },
  {
    name: 'ml-kem-768',
    identifier: 'mlKem768Wasm',
    licence: `${mlKem}/LICENSE`,
    parts: [
      {
        from: mlKem,
        copied: [
          'arith_backend.h',
          'cbmc.h',
          'common.h',
          'compress.h',
          'debug.h',
          'indcpa.h',
          'kem.h',
          'params.h',
          'poly.h',
          'poly_k.h',
          'sampling.h',
          'symmetric.h',
          'sys.h',
          'verify.h',
          'zetas.inc',
          'compress.c',
          'indcpa.c',
          'kem.c',
          'poly.c',
          'poly_k.c',
          'sampling.c',
          'verify.c',
        ],
        compiled: ['compress.c', 'indcpa.c', 'kem.c', 'poly.c', 'poly_k.c', 'sampling.c', 'verify.c'],
      },
    ],
    ours: ['ml-kem/hashes.c', 'ml-kem.c', 'memory.c'],
    headers: ['ml-kem'],
    defines: ['MLK_CONFIG_FILE="config.h"'],
    places: ['public_key', 'secret_key', 'ciphertext', 'shared_secret', 'drawn'],
  },
]
