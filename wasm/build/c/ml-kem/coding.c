/*
 * Polynomials as bytes and back, eight coefficients at once. No branch and no address depends on the numbers.
 */
#include "backend.h"
#include "unpack.h"

#define DEGREE 256

/* Of each pair of lanes the second one's `width` bits above the first one's, in 32 bits. */
static inline v128_t joined(lanes a, int width) {
    const lanes weights = {1, (int16_t)(1 << width), 1, (int16_t)(1 << width), 1, (int16_t)(1 << width), 1, (int16_t)(1 << width)};
    return wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)weights);
}

void ml_kem_encode(uint8_t r[384], const int16_t a[DEGREE]) {
    for (int i = 0; i < DEGREE; i += 8, r += 12) {
        const v128_t bytes = wasm_i8x16_shuffle(
            joined(load(a + i), 12), wasm_i32x4_const_splat(0), 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 16, 16, 16);
        wasm_v128_store64_lane(r, bytes, 0);
        wasm_v128_store32_lane(r + 8, bytes, 2);
    }
}

void ml_kem_decode(int16_t r[DEGREE], const uint8_t a[384]) {
    for (int i = 0; i < DEGREE; i += 8, a += 12) store(r + i, unpack_12(wasm_v128_load32_lane(a + 8, wasm_v128_load64_zero(a), 2)));
}

int ml_kem_all_below_q(const int16_t a[DEGREE]) {
    lanes above = all(0);
    for (int i = 0; i < DEGREE; i += 8) above |= load(a + i) >= all(Q);
    return !wasm_v128_any_true((v128_t)above);
}

/*
 * a * 2^d / q rounded, not yet taken mod 2^d; `quotient` is 2^(15+d) / q rounded down. With it the quotient comes out right or one too
 * small, for a * (2^(15+d) / q - quotient) / 2^15 is below 1/16. What is left then tells, and fits 16 bits: it is below 3 q / 2.
 */
static inline lanes compressed(lanes a, int d, int quotient) {
    const lanes guess = rounded_high(a, all(quotient));
    return guess - (less_multiple((lanes)((bits)a << d), guess) > all(Q / 2));
}

void ml_kem_compress_4(uint8_t r[128], const int16_t a[DEGREE]) {
    for (int i = 0; i < DEGREE; i += 32, r += 16) {
        v128_t pairs[4];
        for (int j = 0; j < 4; j++) pairs[j] = joined(compressed(load(a + i + 8 * j), 4, 157) & all(15), 4);
        wasm_v128_store(r, wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(pairs[0], pairs[1]), wasm_i16x8_narrow_i32x4(pairs[2], pairs[3])));
    }
}

void ml_kem_compress_10(uint8_t r[320], const int16_t a[DEGREE]) {
    const v128_t lower = wasm_i64x2_const_splat(0xfffff), upper = wasm_i64x2_const_splat(0xfffff00000);
    for (int i = 0; i < DEGREE; i += 8, r += 10) {
        const v128_t twenty = joined(compressed(load(a + i), 10, 10079) & all(1023), 10);
        const v128_t forty = wasm_v128_or(wasm_v128_and(twenty, lower), wasm_v128_and(wasm_u64x2_shr(twenty, 12), upper));
        const v128_t bytes = wasm_i8x16_shuffle(forty, forty, 0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0);
        wasm_v128_store64_lane(r, bytes, 0);
        wasm_v128_store16_lane(r + 8, bytes, 4);
    }
}

/* Decompress: y * q / 2^d rounded, where `shifted` is y * 2^(15-d). */
static inline lanes decompressed(lanes shifted) { return rounded_high(shifted, all(Q)); }

void ml_kem_decompress_4(int16_t r[DEGREE], const uint8_t a[128]) {
    for (int i = 0; i < DEGREE; i += 16, a += 8) {
        const lanes bytes = (lanes)wasm_u16x8_load8x8(a);
        const lanes even = decompressed((bytes & all(15)) << 11), odd = decompressed((bytes >> 4) << 11);
        store(r + i, SHUFFLE(even, odd, 0, 8, 1, 9, 2, 10, 3, 11));
        store(r + i + 8, SHUFFLE(even, odd, 4, 12, 5, 13, 6, 14, 7, 15));
    }
}

void ml_kem_decompress_10(int16_t r[DEGREE], const uint8_t a[320]) {
    const lanes to_the_top = {64, 16, 4, 1, 64, 16, 4, 1};
    for (int i = 0; i < DEGREE; i += 8, a += 10) {
        const v128_t bytes = wasm_v128_load16_lane(a + 8, wasm_v128_load64_zero(a), 4);
        const lanes words = (lanes)wasm_i8x16_shuffle(bytes, bytes, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9);
        store(r + i, decompressed((lanes)((bits)low_half(words, to_the_top) >> 1) & all(0x7fe0)));
    }
}
