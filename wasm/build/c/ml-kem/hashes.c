#include "hashes.h"

#include <string.h>

#include "../keccak.h"

#define SHAKE_SUFFIX 0x1f
#define SHA3_SUFFIX 0x06
#define SHA3_256_RATE 136
#define SHA3_512_RATE 72

KECCAK_DEFINE(permute, lane)
KECCAK_DEFINE(permute_pair, lane_pair)

/** Words inside byte arrays have no alignment. */
typedef struct __attribute__((packed)) {
    uint64_t word;
} unaligned;

static uint64_t word_at(const uint8_t *bytes) { return ((const unaligned *)(const void *)bytes)->word; }
static void put_word(uint8_t *bytes, uint64_t word) { ((unaligned *)(void *)bytes)->word = word; }

static void absorb(uint64_t lanes[25], size_t rate, uint8_t suffix, const uint8_t *input, size_t bytes) {
    memset(lanes, 0, 25 * sizeof *lanes);
    for (; bytes >= rate; input += rate, bytes -= rate) {
        for (size_t index = 0; index < rate / 8; index++) lanes[index] ^= word_at(input + 8 * index);
        permute(lanes);
    }
    uint8_t *block = (uint8_t *)lanes;
    for (size_t index = 0; index < bytes; index++) block[index] ^= input[index];
    block[bytes] ^= suffix;
    block[rate - 1] ^= 0x80;
}

static void squeeze(uint8_t *output, size_t bytes, size_t rate, uint64_t lanes[25]) {
    while (bytes > 0) {
        const size_t taken = bytes < rate ? bytes : rate;
        permute(lanes);
        memcpy(output, lanes, taken);
        output += taken;
        bytes -= taken;
    }
}

void shake128_absorb(shake_one *state, const uint8_t seed[34]) { absorb(state->lanes, SHAKE128_RATE, SHAKE_SUFFIX, seed, 34); }

void shake128_squeeze(uint8_t *output, size_t blocks, shake_one *state) {
    squeeze(output, blocks * SHAKE128_RATE, SHAKE128_RATE, state->lanes);
}

static void hash(uint8_t *output, size_t output_bytes, size_t rate, uint8_t suffix, const uint8_t *input, size_t bytes) {
    uint64_t lanes[25];
    absorb(lanes, rate, suffix, input, bytes);
    squeeze(output, output_bytes, rate, lanes);
}

void mlk_shake256(uint8_t *output, size_t output_bytes, const uint8_t *input, size_t bytes) {
    hash(output, output_bytes, SHAKE256_RATE, SHAKE_SUFFIX, input, bytes);
}

void mlk_sha3_256(uint8_t output[32], const uint8_t *input, size_t bytes) {
    hash(output, 32, SHA3_256_RATE, SHA3_SUFFIX, input, bytes);
}

void mlk_sha3_512(uint8_t output[64], const uint8_t *input, size_t bytes) {
    hash(output, 64, SHA3_512_RATE, SHA3_SUFFIX, input, bytes);
}

/** Less than one block for each of two states. */
static void absorb_pair(uint64_t pair[25][2], size_t rate, const uint8_t *first, const uint8_t *second, size_t bytes) {
    const uint8_t *inputs[2] = {first, second};
    memset(pair, 0, 50 * sizeof(uint64_t));
    for (int which = 0; which < 2; which++) {
        uint8_t block[SHAKE128_RATE] = {0};
        memcpy(block, inputs[which], bytes);
        block[bytes] = SHAKE_SUFFIX;
        block[rate - 1] |= 0x80;
        for (size_t index = 0; index < rate / 8; index++) pair[index][which] = word_at(block + 8 * index);
    }
}

static void squeeze_pair(uint8_t *first, uint8_t *second, size_t bytes, size_t rate, uint64_t pair[25][2]) {
    while (bytes > 0) {
        const size_t taken = bytes < rate ? bytes : rate;
        permute_pair((lane_pair *)(void *)pair);
        size_t at = 0;
        for (; at + 8 <= taken; at += 8) {
            put_word(first + at, pair[at / 8][0]);
            put_word(second + at, pair[at / 8][1]);
        }
        memcpy(first + at, &pair[at / 8][0], taken - at);
        memcpy(second + at, &pair[at / 8][1], taken - at);
        first += taken;
        second += taken;
        bytes -= taken;
    }
}

void shake128_absorb_pair(shake_pair *state, const uint8_t first_seed[34], const uint8_t second_seed[34]) {
    absorb_pair(state->lanes, SHAKE128_RATE, first_seed, second_seed, 34);
}

void shake128_squeeze_pair(uint8_t *first, uint8_t *second, size_t blocks, shake_pair *state) {
    squeeze_pair(first, second, blocks * SHAKE128_RATE, SHAKE128_RATE, state->lanes);
}

void mlk_shake256x4(uint8_t *out0, uint8_t *out1, uint8_t *out2, uint8_t *out3, size_t output_bytes, const uint8_t *in0,
                    const uint8_t *in1, const uint8_t *in2, const uint8_t *in3, size_t bytes) {
    _Alignas(16) uint64_t pair[25][2];
    absorb_pair(pair, SHAKE256_RATE, in0, in1, bytes);
    squeeze_pair(out0, out1, output_bytes, SHAKE256_RATE, pair);
    absorb_pair(pair, SHAKE256_RATE, in2, in3, bytes);
    squeeze_pair(out2, out3, output_bytes, SHAKE256_RATE, pair);
}
