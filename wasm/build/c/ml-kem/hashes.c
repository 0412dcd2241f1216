#include "hashes.h"

#include <string.h>

#include "../keccak.h"

#define SHA3_256_RATE 136
#define SHA3_512_RATE 72
#define LAST_BIT 0x8000000000000000u

KECCAK_DEFINE(permute, lane)
KECCAK_DEFINE(permute_pair, lane_pair)

/** Words inside byte arrays have no alignment. */
typedef struct __attribute__((packed)) {
    uint64_t word;
} unaligned;

static inline uint64_t word_at(const uint8_t *bytes) { return ((const unaligned *)(const void *)bytes)->word; }

void keccak_permute(keccak_one *state) { permute(state->lanes); }
void keccak_permute_pair(keccak_pair *state) { permute_pair((lane_pair *)(void *)state->lanes); }

/** Up to seven bytes with the suffix behind them. */
static inline uint64_t last_word(const uint8_t *bytes, size_t count) {
    uint64_t word = SHAKE_SUFFIX;
    while (count > 0) word = word << 8 | bytes[--count];
    return word;
}

void seed_one(keccak_one *state, size_t rate, const uint8_t *seed, size_t bytes) {
    size_t lane = 0;
    memset(state, 0, sizeof *state);
    for (; 8 * lane + 8 <= bytes; lane++) state->lanes[lane] = word_at(seed + 8 * lane);
    state->lanes[lane] = last_word(seed + 8 * lane, bytes - 8 * lane);
    state->lanes[rate / 8 - 1] ^= LAST_BIT;
}

void seed_half(keccak_pair *state, int half, size_t rate, const uint8_t *seed, size_t bytes) {
    keccak_one one;
    seed_one(&one, rate, seed, bytes);
    for (int lane = 0; lane < 25; lane++) state->lanes[lane][half] = one.lanes[lane];
}

void absorb_half(keccak_pair *state, int half, const uint8_t *input, size_t bytes) {
    for (size_t lane = 0; lane < bytes / 8; lane++) state->lanes[lane][half] ^= word_at(input + 8 * lane);
}

void pad_half(keccak_pair *state, int half, size_t rate, size_t bytes, uint8_t suffix) {
    state->lanes[bytes / 8][half] ^= suffix;
    state->lanes[rate / 8 - 1][half] ^= LAST_BIT;
}

/** Inputs are a multiple of eight bytes long, or one byte longer. */
static void hash(uint8_t *output, size_t output_bytes, size_t rate, const uint8_t *input, size_t bytes) {
    keccak_one state = {0};
    for (; bytes >= rate; input += rate, bytes -= rate) {
        for (size_t lane = 0; lane < rate / 8; lane++) state.lanes[lane] ^= word_at(input + 8 * lane);
        permute(state.lanes);
    }
    size_t lane = 0;
    for (; 8 * lane + 8 <= bytes; lane++) state.lanes[lane] ^= word_at(input + 8 * lane);
    state.lanes[lane] ^= 8 * lane < bytes ? input[8 * lane] | SHA3_SUFFIX << 8 : SHA3_SUFFIX;
    state.lanes[rate / 8 - 1] ^= LAST_BIT;
    permute(state.lanes);
    memcpy(output, state.lanes, output_bytes);
}

void mlk_sha3_256(uint8_t output[32], const uint8_t *input, size_t bytes) { hash(output, 32, SHA3_256_RATE, input, bytes); }
void mlk_sha3_512(uint8_t output[64], const uint8_t *input, size_t bytes) { hash(output, 64, SHA3_512_RATE, input, bytes); }

static void shake256_two(uint8_t *first, uint8_t *second, size_t output_bytes, const uint8_t *first_seed, const uint8_t *second_seed,
                         size_t bytes) {
    keccak_pair state;
    uint64_t block[2][SHAKE256_RATE / 8];
    seed_half(&state, 0, SHAKE256_RATE, first_seed, bytes);
    seed_half(&state, 1, SHAKE256_RATE, second_seed, bytes);
    keccak_permute_pair(&state);
    for (int lane = 0; lane < SHAKE256_RATE / 8; lane++) block[0][lane] = state.lanes[lane][0], block[1][lane] = state.lanes[lane][1];
    memcpy(first, block[0], output_bytes);
    memcpy(second, block[1], output_bytes);
}

void mlk_shake256x4(uint8_t *out0, uint8_t *out1, uint8_t *out2, uint8_t *out3, size_t output_bytes, const uint8_t *in0,
                    const uint8_t *in1, const uint8_t *in2, const uint8_t *in3, size_t bytes) {
    shake256_two(out0, out1, output_bytes, in0, in1, bytes);
    shake256_two(out2, out3, output_bytes, in2, in3, bytes);
}
