/*
 * ML-KEM-768 (FIPS 203) as a module without imports: the host writes what is drawn, keys and ciphertext to the places below,
 * calls, and reads. Nothing is allocated, nothing grows.
 */
#include <string.h>

#include "backend.h"
#include "encrypt.h"
#include "hashes.h"
#include "indcpa.h"
#include "kem.h"
#include "matrix.h"
#include "verify.h"

#define EXPORT(name) __attribute__((export_name(#name)))

/* What the host writes and reads; exported by name. */
uint8_t public_key[MLKEM_INDCCA_PUBLICKEYBYTES];
uint8_t secret_key[MLKEM_INDCCA_SECRETKEYBYTES];
uint8_t ciphertext[MLKEM_INDCCA_CIPHERTEXTBYTES];
uint8_t shared_secret[MLKEM_SSBYTES];
/** d and z for `keypair`, m for `encapsulate`. */
uint8_t drawn[2 * MLKEM_SYMBYTES];

_Static_assert(IN_NINTH_BLOCK(sizeof public_key), "H is hashed in nine blocks beside the matrix");
_Static_assert(IN_NINTH_BLOCK(MLKEM_SYMBYTES + sizeof ciphertext), "J is hashed in nine blocks beside the matrix");

extern uint8_t __stack_low, __stack_high;

/** Clears every trace of an operation: places and stack. */
EXPORT(wipe) void wipe(void) {
    memset(public_key, 0, sizeof public_key);
    memset(secret_key, 0, sizeof secret_key);
    memset(ciphertext, 0, sizeof ciphertext);
    memset(shared_secret, 0, sizeof shared_secret);
    memset(drawn, 0, sizeof drawn);
    memset(&__stack_low, 0, (size_t)(&__stack_high - &__stack_low));
}

/** Once, before anything else. */
EXPORT(initialise) void initialise(void) {
    ml_kem_prepare();
    ml_kem_prepare_products();
    ml_kem_prepare_sampling();
}

EXPORT(keypair) void keypair(void) { (void)crypto_kem_keypair_derand(public_key, secret_key, drawn); }

static void decode_key(mlk_polyvec *key, const uint8_t *encoded) {
    for (int i = 0; i < 3; i++) ml_kem_decode(key->vec[i].coeffs, encoded + MLKEM_POLYBYTES * i);
}

/** FIPS 203 algorithm 17. 0 when the public key is not reduced (section 7.2). */
EXPORT(encapsulate) int encapsulate(void) {
    mlk_polyvec key, transposed[3];
    uint8_t seed[2 * MLKEM_SYMBYTES], secret_and_coins[2 * MLKEM_SYMBYTES];
    long_hash of_key = {public_key, sizeof public_key, SHA3_SUFFIX, {0}};

    decode_key(&key, public_key);
    if (!ml_kem_all_below_q(key.vec[0].coeffs) || !ml_kem_all_below_q(key.vec[1].coeffs) || !ml_kem_all_below_q(key.vec[2].coeffs)) {
        return 0;
    }
    ml_kem_matrix_and_hashes(transposed, public_key + MLKEM_POLYVECBYTES, &of_key, NULL);
    memcpy(seed, drawn, MLKEM_SYMBYTES);
    memcpy(seed + MLKEM_SYMBYTES, of_key.digest, MLKEM_SYMBYTES);
    mlk_sha3_512(secret_and_coins, seed, sizeof seed);
    ml_kem_encrypt(ciphertext, seed, &key, transposed, secret_and_coins + MLKEM_SYMBYTES);
    memcpy(shared_secret, secret_and_coins, MLKEM_SYMBYTES);
    return 1;
}

/** FIPS 203 algorithm 18. 0 when the secret key does not hold the hash of its public key (section 7.3). */
EXPORT(decapsulate) int decapsulate(void) {
    const uint8_t *public_part = secret_key + MLKEM_INDCPA_SECRETKEYBYTES, *stored = public_part + sizeof public_key;
    mlk_polyvec key, transposed[3];
    uint8_t seed[2 * MLKEM_SYMBYTES], secret_and_coins[2 * MLKEM_SYMBYTES], again[sizeof ciphertext];
    uint8_t rejecting[MLKEM_SYMBYTES + sizeof ciphertext];
    memcpy(rejecting, stored + MLKEM_SYMBYTES, MLKEM_SYMBYTES);
    memcpy(rejecting + MLKEM_SYMBYTES, ciphertext, sizeof ciphertext);
    long_hash of_key = {public_part, sizeof public_key, SHA3_SUFFIX, {0}};
    long_hash of_rejection = {rejecting, sizeof rejecting, SHAKE_SUFFIX, {0}};

    ml_kem_matrix_and_hashes(transposed, public_part + MLKEM_POLYVECBYTES, &of_key, &of_rejection);
    if (memcmp(of_key.digest, stored, MLKEM_SYMBYTES) != 0) return 0;

    mlk_indcpa_dec(seed, ciphertext, secret_key);
    memcpy(seed + MLKEM_SYMBYTES, stored, MLKEM_SYMBYTES);
    mlk_sha3_512(secret_and_coins, seed, sizeof seed);
    decode_key(&key, public_part);
    ml_kem_encrypt(again, seed, &key, transposed, secret_and_coins + MLKEM_SYMBYTES);
    // Both secrets are there; which one leaves is chosen without a branch.
    memcpy(shared_secret, of_rejection.digest, MLKEM_SSBYTES);
    mlk_ct_cmov_zero(shared_secret, secret_and_coins, MLKEM_SSBYTES, mlk_ct_memcmp(ciphertext, again, sizeof ciphertext));
    return 1;
}
