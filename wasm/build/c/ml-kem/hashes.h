/* SHAKE and SHA-3 (FIPS 202) under the names that mlkem-native calls; "x4" are four computations of equal length. */
#ifndef QSM_ML_KEM_HASHES_H
#define QSM_ML_KEM_HASHES_H
#include <stddef.h>
#include <stdint.h>

#define SHAKE128_RATE 168
#define SHAKE256_RATE 136

typedef struct {
    uint64_t lanes[25];
} shake_one;
/** The same lane of two states lies side by side. */
typedef struct {
    _Alignas(16) uint64_t lanes[25][2];
} shake_pair;

/** SHAKE128 of the 34 bytes that a polynomial of the matrix comes from. */
void shake128_absorb(shake_one *state, const uint8_t seed[34]);
void shake128_squeeze(uint8_t *output, size_t blocks, shake_one *state);
void shake128_absorb_pair(shake_pair *state, const uint8_t first_seed[34], const uint8_t second_seed[34]);
void shake128_squeeze_pair(uint8_t *first, uint8_t *second, size_t blocks, shake_pair *state);

void mlk_shake256(uint8_t *output, size_t output_bytes, const uint8_t *input, size_t bytes);
void mlk_sha3_256(uint8_t output[32], const uint8_t *input, size_t bytes);
void mlk_sha3_512(uint8_t output[64], const uint8_t *input, size_t bytes);

/** At most one block in and any length out. */
void mlk_shake256x4(uint8_t *out0, uint8_t *out1, uint8_t *out2, uint8_t *out3, size_t output_bytes, const uint8_t *in0,
                    const uint8_t *in1, const uint8_t *in2, const uint8_t *in3, size_t bytes);

#endif
