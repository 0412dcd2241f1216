/*
 * ML-KEM-768 (FIPS 203) as a module without imports: the host writes what is drawn, keys and ciphertext to the places below,
 * calls, and reads. Nothing is allocated, nothing grows.
 */
#include <string.h>

#include "backend.h"
#include "kem.h"

#define EXPORT(name) __attribute__((export_name(#name)))

/* What the host writes and reads; exported by name. */
uint8_t public_key[MLKEM_INDCCA_PUBLICKEYBYTES];
uint8_t secret_key[MLKEM_INDCCA_SECRETKEYBYTES];
uint8_t ciphertext[MLKEM_INDCCA_CIPHERTEXTBYTES];
uint8_t shared_secret[MLKEM_SSBYTES];
/** d and z for `keypair`, m for `encapsulate`. */
uint8_t drawn[2 * MLKEM_SYMBYTES];

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

/** 0 when the public key is not reduced (FIPS 203 section 7.2). */
EXPORT(encapsulate) int encapsulate(void) {
    return crypto_kem_enc_derand(ciphertext, shared_secret, public_key, drawn) == 0;
}

/** 0 when the secret key does not hold the hash of its public key (FIPS 203 section 7.3). */
EXPORT(decapsulate) int decapsulate(void) { return crypto_kem_dec(shared_secret, ciphertext, secret_key) == 0; }
