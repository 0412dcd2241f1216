/* SHAKE and SHA-3 (FIPS 202): states for one and for two computations, and the names that mlkem-native calls. */
#ifndef QSM_ML_KEM_HASHES_H
#define QSM_ML_KEM_HASHES_H
#include <stddef.h>
#include <stdint.h>

#define SHAKE128_RATE 168
#define SHAKE256_RATE 136
#define SHAKE_SUFFIX 0x1f
#define SHA3_SUFFIX 0x06

typedef struct {
    uint64_t lanes[25];
} keccak_one;
/** The same lane of two states lies side by side. */
typedef struct {
    _Alignas(16) uint64_t lanes[25][2];
} keccak_pair;

void keccak_permute(keccak_one *state);
void keccak_permute_pair(keccak_pair *state);

/** SHAKE of a seed shorter than a block: the state before its first permutation. */
void seed_one(keccak_one *state, size_t rate, const uint8_t *seed, size_t bytes);
void seed_half(keccak_pair *state, int half, size_t rate, const uint8_t *seed, size_t bytes);
/** `bytes` is a multiple of 8. */
void absorb_half(keccak_pair *state, int half, const uint8_t *input, size_t bytes);
/** Ends an input whose last block has `bytes` bytes, a multiple of 8. */
void pad_half(keccak_pair *state, int half, size_t rate, size_t bytes, uint8_t suffix);

void mlk_sha3_256(uint8_t output[32], const uint8_t *input, size_t bytes);
void mlk_sha3_512(uint8_t output[64], const uint8_t *input, size_t bytes);
/** `bytes` are 33, `output_bytes` at most 136. */
void mlk_shake256x4(uint8_t *out0, uint8_t *out1, uint8_t *out2, uint8_t *out3, size_t output_bytes, const uint8_t *in0,
                    const uint8_t *in1, const uint8_t *in2, const uint8_t *in3, size_t bytes);

/* Of these mlkem-native only has functions that are not linked. */
typedef struct { uint8_t unused; } mlk_shake128ctx, mlk_shake128x4ctx;
void mlk_shake256(uint8_t *output, size_t output_bytes, const uint8_t *input, size_t bytes);

#endif
