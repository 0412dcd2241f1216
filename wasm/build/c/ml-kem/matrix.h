/* The matrix of FIPS 203 out of rho. A hash of many blocks goes beside it: two Keccak states take little longer than one. */
#ifndef QSM_ML_KEM_MATRIX_H
#define QSM_ML_KEM_MATRIX_H
#include "poly_k.h"

/** Whether an input of `count` bytes, whole words, ends in the ninth block of 136 bytes: the hash takes exactly nine. */
#define IN_NINTH_BLOCK(count) ((count) >= 8 * 136 && (count) < 9 * 136 && (count) % 8 == 0)

/** SHA3-256 or SHAKE256 of an input that is IN_NINTH_BLOCK: H of a public key, J of z and a ciphertext. */
typedef struct {
    const uint8_t *input;
    size_t bytes;
    uint8_t suffix;
    uint8_t digest[32];
} long_hash;

/**
 * Samples the transposed matrix of encryption (FIPS 203 algorithm 14, steps 4 to 8) and finishes one hash, or two where `second` is
 * not NULL.
 */
void ml_kem_matrix_and_hashes(mlk_polyvec transposed[3], const uint8_t rho[32], long_hash *first, long_hash *second);

#endif
