/* SHAKE256 in steps. WebAssembly is little-endian, so bytes and lanes lie alike. */
#include "fips202.h"

#include <string.h>

#include "../keccak.h"

KECCAK_DEFINE(permute, lane)

void shake256_inc_init(shake256incctx *state) {
    memset(state, 0, sizeof *state);
}

/** An array of bytes inside a structure may be read without alignment. */
typedef struct __attribute__((packed)) {
    uint64_t word;
} unaligned;

void shake256_inc_absorb(shake256incctx *state, const uint8_t *input, size_t bytes) {
    uint8_t *block = (uint8_t *)state->lanes;
    while (bytes > 0) {
        if (state->at == 0 && bytes >= SHAKE256_RATE) {
            for (int index = 0; index < SHAKE256_RATE / 8; index++) {
                state->lanes[index] ^= ((const unaligned *)(const void *)input)[index].word;
            }
            permute(state->lanes);
            input += SHAKE256_RATE;
            bytes -= SHAKE256_RATE;
            continue;
        }
        const size_t room = SHAKE256_RATE - state->at, taken = bytes < room ? bytes : room;
        for (size_t index = 0; index < taken; index++) block[state->at + index] ^= input[index];
        input += taken;
        bytes -= taken;
        state->at += taken;
        if (state->at == SHAKE256_RATE) {
            permute(state->lanes);
            state->at = 0;
        }
    }
}

void shake256_inc_finalize(shake256incctx *state) {
    uint8_t *block = (uint8_t *)state->lanes;
    block[state->at] ^= 0x1f;
    block[SHAKE256_RATE - 1] ^= 0x80;
    state->at = SHAKE256_RATE;
}

void shake256_inc_next_block(shake256incctx *state) {
    permute(state->lanes);
}

void shake256_inc_squeeze(uint8_t *output, size_t bytes, shake256incctx *state) {
    while (bytes > 0) {
        if (state->at == SHAKE256_RATE) {
            permute(state->lanes);
            state->at = 0;
        }
        const size_t left = SHAKE256_RATE - state->at, taken = bytes < left ? bytes : left;
        memcpy(output, (const uint8_t *)state->lanes + state->at, taken);
        output += taken;
        bytes -= taken;
        state->at += taken;
    }
}
