#ifndef QSM_ML_KEM_ENCRYPT_H
#define QSM_ML_KEM_ENCRYPT_H
#include "poly_k.h"

/** `key`: the polynomials of the public key, 0..4095; `transposed`: the matrix of its rho. Writes 1 088 bytes. */
void ml_kem_encrypt(uint8_t ciphertext[1088], const uint8_t message[32], const mlk_polyvec *key, const mlk_polyvec transposed[3],
                    const uint8_t coins[32]);

#endif
