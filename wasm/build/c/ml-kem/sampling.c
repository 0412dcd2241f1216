/* Sampling (FIPS 203 section 4.2.2) under the names of mlkem-native, whose own loops go coefficient by coefficient. */
#include "sampling.h"

#include "backend.h"
#include "hashes.h"
#include "unpack.h"

#define DEGREE 256
/** Blocks after which nearly every polynomial is complete; each block holds 112 numbers, of which 13 in 16 are below q. */
#define FIRST_BLOCKS 3

/** For each set of lanes that are taken: the bytes of those lanes, in order. Of public numbers only. */
static uint8_t taken_bytes[256][16];

void ml_kem_prepare_sampling(void) {
    for (int set = 0; set < 256; set++) {
        int count = 0;
        for (int lane = 0; lane < 8; lane++) {
            if (((set >> lane) & 1) == 0) continue;
            taken_bytes[set][2 * count] = (uint8_t)(2 * lane);
            taken_bytes[set][2 * count + 1] = (uint8_t)(2 * lane + 1);
            count++;
        }
    }
}

/* Appends the numbers below q of `blocks` blocks to the `count` ones that `r` has; gives their count, at most 256. */
static int append_small(int16_t r[DEGREE], int count, const uint8_t *from, int blocks) {
    const uint8_t *end = from + blocks * SHAKE128_RATE;
    for (; count <= DEGREE - 8 && from < end; from += 12) {
        const lanes numbers = unpack_12(wasm_v128_load32_lane(from + 8, wasm_v128_load64_zero(from), 2));
        const uint32_t set = wasm_i16x8_bitmask((v128_t)(numbers < all(Q)));
        store(r + count, (lanes)wasm_i8x16_swizzle((v128_t)numbers, wasm_v128_load(taken_bytes[set])));
        count += __builtin_popcount(set);
    }
    for (; count < DEGREE && from < end; from += 3) {
        const int first = (from[0] | from[1] << 8) & 0xfff, second = from[1] >> 4 | from[2] << 4;
        if (first < Q) r[count++] = (int16_t)first;
        if (second < Q && count < DEGREE) r[count++] = (int16_t)second;
    }
    return count;
}

static void sample_two(int16_t first[DEGREE], int16_t second[DEGREE], const uint8_t *first_seed, const uint8_t *second_seed) {
    uint8_t blocks[2][FIRST_BLOCKS * SHAKE128_RATE];
    shake_pair state;
    shake128_absorb_pair(&state, first_seed, second_seed);
    shake128_squeeze_pair(blocks[0], blocks[1], FIRST_BLOCKS, &state);
    int counts[2] = {append_small(first, 0, blocks[0], FIRST_BLOCKS), append_small(second, 0, blocks[1], FIRST_BLOCKS)};
    while (counts[0] < DEGREE || counts[1] < DEGREE) {
        shake128_squeeze_pair(blocks[0], blocks[1], 1, &state);
        counts[0] = append_small(first, counts[0], blocks[0], 1);
        counts[1] = append_small(second, counts[1], blocks[1], 1);
    }
}

void mlk_poly_rej_uniform_x4(mlk_poly *vec, uint8_t *seed[4]) {
    sample_two(vec[0].coeffs, vec[1].coeffs, seed[0], seed[1]);
    sample_two(vec[2].coeffs, vec[3].coeffs, seed[2], seed[3]);
}

void mlk_poly_rej_uniform(mlk_poly *entry, uint8_t seed[MLKEM_SYMBYTES + 2]) {
    uint8_t blocks[FIRST_BLOCKS * SHAKE128_RATE];
    shake_one state;
    shake128_absorb(&state, seed);
    shake128_squeeze(blocks, FIRST_BLOCKS, &state);
    int count = append_small(entry->coeffs, 0, blocks, FIRST_BLOCKS);
    while (count < DEGREE) {
        shake128_squeeze(blocks, 1, &state);
        count = append_small(entry->coeffs, count, blocks, 1);
    }
}

/* Each half of a byte makes a number: its lower two bits added up, less the upper two. In each half 3 is added meanwhile. */
void mlk_poly_cbd2(mlk_poly *r, const uint8_t buf[2 * DEGREE / 4]) {
    const v128_t ones = wasm_i8x16_const_splat(0x55), twos = wasm_i8x16_const_splat(0x33), half = wasm_i8x16_const_splat(0x0f);
    for (int i = 0; i < DEGREE; i += 32, buf += 16) {
        const v128_t drawn = wasm_v128_load(buf);
        const v128_t sums = wasm_i8x16_add(wasm_v128_and(drawn, ones), wasm_v128_and(wasm_u16x8_shr(drawn, 1), ones));
        const v128_t first = wasm_v128_and(sums, twos), second = wasm_v128_and(wasm_u16x8_shr(sums, 2), twos);
        const v128_t numbers = wasm_i8x16_sub(wasm_i8x16_add(first, twos), second);
        const v128_t even = wasm_v128_and(numbers, half), odd = wasm_v128_and(wasm_u16x8_shr(numbers, 4), half);
        const v128_t low = wasm_i8x16_shuffle(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const v128_t high = wasm_i8x16_shuffle(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        store(r->coeffs + i, (lanes)wasm_u16x8_extend_low_u8x16(low) - all(3));
        store(r->coeffs + i + 8, (lanes)wasm_u16x8_extend_high_u8x16(low) - all(3));
        store(r->coeffs + i + 16, (lanes)wasm_u16x8_extend_low_u8x16(high) - all(3));
        store(r->coeffs + i + 24, (lanes)wasm_u16x8_extend_high_u8x16(high) - all(3));
    }
}
