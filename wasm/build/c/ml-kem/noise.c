/* Noise (FIPS 203 algorithm 8 with eta 2) out of SHAKE256, 32 numbers at once. No branch and no address depends on what is drawn. */
#include "noise.h"

#include <string.h>

#include "hashes.h"
#include "sampling.h"
#include "unpack.h"

#define DEGREE 256
#define DRAWN_BYTES (DEGREE / 2)

/* Each half of a byte makes a number: its lower two bits added up, less the upper two. In each half 3 is added meanwhile. */
void mlk_poly_cbd2(mlk_poly *r, const uint8_t buf[DRAWN_BYTES]) {
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

void ml_kem_noise_pair(mlk_poly *first, mlk_poly *second, const uint8_t coins[32], uint8_t number) {
    keccak_pair state;
    uint8_t seed[33];
    memcpy(seed, coins, 32);
    for (int half = 0; half < 2; half++) {
        seed[32] = (uint8_t)(number + half);
        seed_half(&state, half, SHAKE256_RATE, seed, sizeof seed);
    }
    keccak_permute_pair(&state);
    uint64_t drawn[2][DRAWN_BYTES / 8];
    for (int lane = 0; lane < DRAWN_BYTES / 8; lane++) drawn[0][lane] = state.lanes[lane][0], drawn[1][lane] = state.lanes[lane][1];
    mlk_poly_cbd2(first, (const uint8_t *)drawn[0]);
    mlk_poly_cbd2(second, (const uint8_t *)drawn[1]);
}

void ml_kem_noise(mlk_poly *r, const uint8_t coins[32], uint8_t number) {
    keccak_one state;
    uint8_t seed[33];
    memcpy(seed, coins, 32);
    seed[32] = number;
    seed_one(&state, SHAKE256_RATE, seed, sizeof seed);
    keccak_permute(&state);
    mlk_poly_cbd2(r, (const uint8_t *)state.lanes);
}
