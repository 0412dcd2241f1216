/* SHAKE and SHA-3 (FIPS 202) under the names that mlkem-native calls; "x4" are four computations of equal length. */
#ifndef QSM_ML_KEM_HASHES_H
#define QSM_ML_KEM_HASHES_H
#include <stddef.h>
#include <stdint.h>

#define SHAKE128_RATE 168
#define SHAKE256_RATE 136

typedef struct {
    uint64_t lanes[25];
} mlk_shake128ctx;
/** The same lane of two states lies side by side; two such pairs. */
typedef struct {
    _Alignas(16) uint64_t pairs[2][25][2];
} mlk_shake128x4ctx;

/** Padded and ready to squeeze. The input is shorter than one block. */
void mlk_shake128_absorb_once(mlk_shake128ctx *state, const uint8_t *input, size_t bytes);
void mlk_shake128_squeezeblocks(uint8_t *output, size_t blocks, mlk_shake128ctx *state);
void mlk_shake256(uint8_t *output, size_t output_bytes, const uint8_t *input, size_t bytes);
void mlk_sha3_256(uint8_t output[32], const uint8_t *input, size_t bytes);
void mlk_sha3_512(uint8_t output[64], const uint8_t *input, size_t bytes);

void mlk_shake128x4_absorb_once(mlk_shake128x4ctx *state, const uint8_t *in0, const uint8_t *in1, const uint8_t *in2,
                                const uint8_t *in3, size_t bytes);
void mlk_shake128x4_squeezeblocks(uint8_t *out0, uint8_t *out1, uint8_t *out2, uint8_t *out3, size_t blocks,
                                  mlk_shake128x4ctx *state);
/** At most one block in and any length out. */
void mlk_shake256x4(uint8_t *out0, uint8_t *out1, uint8_t *out2, uint8_t *out3, size_t output_bytes, const uint8_t *in0,
                    const uint8_t *in1, const uint8_t *in2, const uint8_t *in3, size_t bytes);

/* Absorbing sets the whole state, and the module wipes its stack after each operation. */
#define mlk_shake128_init(state) ((void)(state))
#define mlk_shake128_release(state) ((void)(state))
#define mlk_shake128x4_init(state) ((void)(state))
#define mlk_shake128x4_release(state) ((void)(state))

#endif
