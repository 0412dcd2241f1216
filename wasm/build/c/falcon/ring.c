/* The product that verification needs, by transforms. All of it is public. */
#include "ring.h"

#define Q 12289
#define REDUCING_QUOTIENT 3
#include "../transform.h"

#define DEGREE 512
#define LOG_DEGREE 9
/** 1/q mod 2^16, for the one product of two unknown factors. */
#define INVERSE_OF_Q (-12287)
/** A root of x^512 + 1: 11 is primitive mod q, 12 = (q - 1) / 1024. */
#define GENERATOR 11
#define GENERATOR_POWER 12
/** 2^16 / 512: takes out what the products of unknown factors and the inverse transform put in. */
#define SCALE 128

/** Of layers whose pairs lie 8 or more apart: one root for each block. Numbers 1 to 63 by reversed bits, as in FIPS 203. */
static factors far_roots[64], far_inverses[64];
/** Of the last three layers, for eight blocks of eight coefficients side by side: roots of distances 4, 2, 2, 1, 1, 1, 1. */
static factors near_roots[8][7], near_inverses[8][7];
static factors last_inverse, scale;

void ring_prepare(void) {
    const int root = power(GENERATOR, GENERATOR_POWER);
    for (int index = 1; index < DEGREE; index++) {
        const int exponent = reversed_bits(index, LOG_DEGREE), forward = power(root, exponent), back = power(root, 1024 - exponent);
        if (index < 64) {
            set_all(&far_roots[index], forward);
            set_all(&far_inverses[index], back);
            continue;
        }
        /* 64 to 127 stand in the first of the seven places, 128 to 255 in two, 256 to 511 in four. */
        const int each = index < 128 ? 1 : index < 256 ? 2 : 4, block = index / each - 64, place = each - 1 + index % each;
        set_lane(&near_roots[block / 8][place], block % 8, forward);
        set_lane(&near_inverses[block / 8][place], block % 8, back);
    }
    set_all(&last_inverse, power(root, 1024 - reversed_bits(1, LOG_DEGREE)) * SCALE % Q);
    set_all(&scale, SCALE);
}

/** Three layers within eight vectors, whose pairs are 4, 2 and 1 vectors apart. From below 2.64 q to below 1.6 q. */
static void forward_near(lanes v[8], const factors roots[7]) {
    for (int distance = 4, place = 0; distance > 0; distance /= 2) {
        for (int start = 0; start < 8; start += 2 * distance, place++) {
            for (int i = start; i < start + distance; i++) {
                const lanes high = times(v[i + distance], roots[place]), low = reduced(v[i]);
                v[i] = low + high;
                v[i + distance] = low - high;
            }
        }
    }
}

/** The way back. From below q to below q. */
static void inverse_near(lanes v[8], const factors roots[7]) {
    for (int distance = 1, first = 3; distance < 8; distance *= 2, first /= 2) {
        for (int start = 0, place = first; start < 8; start += 2 * distance, place++) {
            for (int i = start; i < start + distance; i++) {
                const lanes low = v[i], high = v[i + distance];
                v[i] = reduced(low + high);
                v[i + distance] = times(low - high, roots[place]);
            }
        }
    }
}

/** From below q/2. Three layers let numbers grow to 2.64 q, which 16 bits hold; from then on one of two is reduced in each. */
static void transform(int16_t a[DEGREE]) {
    int index = 1;
    for (int distance = DEGREE / 2; distance >= 8; distance /= 2) {
        for (int start = 0; start < DEGREE; start += 2 * distance) {
            const factors root = far_roots[index++];
            for (int i = start; i < start + distance; i += 8) {
                const lanes high = times(load(a + i + distance), root), low = load(a + i);
                const lanes small = distance > 32 ? low : reduced(low);
                store(a + i, small + high);
                store(a + i + distance, small - high);
            }
        }
    }
    for (int group = 0; group < 8; group++) {
        lanes v[8];
        load_transposed(v, a + 64 * group);
        forward_near(v, near_roots[group]);
        for (int i = 0; i < 8; i++) store(a + 64 * group + 8 * i, v[i]);
    }
}

/** From below q, with the factor 2^16 that `multiply` left out. */
static void transform_back(int16_t a[DEGREE]) {
    for (int group = 0; group < 8; group++) {
        lanes v[8];
        for (int i = 0; i < 8; i++) v[i] = load(a + 64 * group + 8 * i);
        inverse_near(v, near_inverses[group]);
        store_transposed(a + 64 * group, v);
    }
    for (int distance = 8; distance < DEGREE / 2; distance *= 2) {
        int index = DEGREE / 2 / distance;
        for (int start = 0; start < DEGREE; start += 2 * distance) {
            const factors root = far_inverses[index++];
            for (int i = start; i < start + distance; i += 8) {
                const lanes low = load(a + i), high = load(a + i + distance);
                store(a + i, reduced(low + high));
                store(a + i + distance, times(low - high, root));
            }
        }
    }
    for (int i = 0; i < DEGREE / 2; i += 8) {
        const lanes low = load(a + i), high = load(a + i + DEGREE / 2);
        store(a + i, times(low + high, scale));
        store(a + i + DEGREE / 2, times(low - high, last_inverse));
    }
}

/** The upper halves of the products. */
static lanes high_half(lanes a, lanes b) {
    const v128_t low = wasm_i32x4_extmul_low_i16x8((v128_t)a, (v128_t)b);
    const v128_t high = wasm_i32x4_extmul_high_i16x8((v128_t)a, (v128_t)b);
    return SHUFFLE((lanes)low, (lanes)high, 1, 3, 5, 7, 9, 11, 13, 15);
}

/** a * b / 2^16 (Montgomery), below q for factors below 1.6 q. */
static lanes multiply(lanes a, lanes b) {
    const lanes multiple = low_half(low_half(a, b), all(INVERSE_OF_Q));
    return high_half(a, b) - high_half(multiple, all(Q));
}

void ring_multiply_subtract(int16_t result[DEGREE], const uint16_t h[DEGREE], const int16_t s[DEGREE], const uint16_t c[DEGREE]) {
    _Alignas(16) int16_t a[DEGREE], b[DEGREE];
    for (int i = 0; i < DEGREE; i += 8) {
        const lanes key = load((const int16_t *)h + i);
        store(a + i, key - ((key > all(Q / 2)) & all(Q)));
        store(b + i, load(s + i));
    }
    transform(a);
    transform(b);
    for (int i = 0; i < DEGREE; i += 8) store(a + i, multiply(load(a + i), load(b + i)));
    transform_back(a);
    for (int i = 0; i < DEGREE; i += 8) {
        /* From -2q..q to the nearest to zero, exactly. */
        lanes value = load(a + i) - load((const int16_t *)c + i);
        value += (value < all(-Q / 2)) & all(Q);
        value += (value < all(-Q / 2)) & all(Q);
        value -= (value > all(Q / 2)) & all(Q);
        store(result + i, value);
    }
}
