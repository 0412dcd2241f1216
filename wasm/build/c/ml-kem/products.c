/*
 * Products of transformed polynomials: of pairs (a0 + a1 x)(b0 + b1 x) modulo x^2 - w, one root w for each. All of them are sums of
 * two products of 16 bits, which one operation takes for four pairs.
 */
#include "backend.h"

#define Q 3329
#define REDUCING_QUOTIENT 10
#include "../transform.h"

#define DEGREE 256
#define LOG_ROOTS 7
#define ROOT 17
/** 1 / q mod 2^16. */
#define Q_INVERSE (-3327)

/** The roots of eight pairs side by side. */
static factors pair_roots[DEGREE / 16];

void ml_kem_prepare_products(void) {
    for (int pair = 0; pair < DEGREE / 2; pair++) {
        const int root = power(ROOT, reversed_bits(64 + pair / 2, LOG_ROOTS));
        set_lane(&pair_roots[pair / 8], pair % 8, pair % 2 == 0 ? root : Q - root);
    }
}

void ml_kem_cache_products(int16_t cache[DEGREE / 2], const int16_t b[DEGREE]) {
    for (int i = 0; i < DEGREE; i += 16) {
        const lanes second = SHUFFLE(load(b + i), load(b + i + 8), 1, 3, 5, 7, 9, 11, 13, 15);
        store(cache + i / 2, times(second, pair_roots[i / 16]));
    }
}

/* Four times first[0] * second[0] + first[1] * second[1], exactly. */
static inline v128_t sums_of_products(lanes first, lanes second) {
    return wasm_i32x4_dot_i16x8((v128_t)first, (v128_t)second);
}

/* In the upper halves what is t / 2^16 mod q, in the lower ones 0: t less the multiple of q that ends in the same 16 bits. */
static inline v128_t montgomery_upper(v128_t t) {
    const lanes lower_inverse = {Q_INVERSE, 0, Q_INVERSE, 0, Q_INVERSE, 0, Q_INVERSE, 0};
    return wasm_i32x4_sub(t, sums_of_products(low_half((lanes)t, lower_inverse), all(Q)));
}

/*
 * A sum is below 6 * 2^12 * 2^15 < 2^30, and the multiple of q taken from it below 2^15 * q: within 32 bits, and after the division
 * by 2^16 below 6 * 2^11 + q / 2 < 5 q.
 */
void ml_kem_multiply(int16_t r[DEGREE], const int16_t a[3 * DEGREE], const int16_t b[3 * DEGREE], const int16_t cache[3 * DEGREE / 2]) {
    for (int i = 0; i < DEGREE; i += 8) {
        v128_t even = wasm_i32x4_const_splat(0), odd = even;
        for (int k = 0; k < 3; k++) {
            const lanes left = load(a + DEGREE * k + i), right = load(b + DEGREE * k + i);
            const lanes cached = (lanes)wasm_i32x4_shl(wasm_i32x4_load16x4(cache + (DEGREE * k + i) / 2), 16);
            even = wasm_i32x4_add(even, sums_of_products(left, SHUFFLE(right, cached, 0, 9, 2, 11, 4, 13, 6, 15)));
            odd = wasm_i32x4_add(odd, sums_of_products(left, SHUFFLE(right, right, 1, 0, 3, 2, 5, 4, 7, 6)));
        }
        store(r + i, (lanes)wasm_v128_or(wasm_u32x4_shr(montgomery_upper(even), 16), montgomery_upper(odd)));
    }
}
