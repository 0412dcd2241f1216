/*
 * Products in the ring of Falcon by number-theoretic transforms over eight coefficients at once. Numbers are signed and not
 * always reduced; the comments say how large they get. Multiplying by a known w takes two products of 16 bits: a*w - r*q, where r
 * is a*w/q rounded, off by less than one (Barrett; Becker et al., eprint 2021/986, section 2.4). So its result is below q(1/2 + |a|/2^16).
 */
#include "ring.h"

#include <wasm_simd128.h>

#define DEGREE 512
#define Q 12289
/** 1/q mod 2^16, for the one product of two unknown factors. */
#define INVERSE_OF_Q (-12287)
/** A root of x^512 + 1: 11 is primitive mod q, 12 = (q - 1) / 1024. */
#define GENERATOR 11
#define GENERATOR_POWER 12
/** 2^16 / 512: takes out what the products of unknown factors and the inverse transform put in. */
#define SCALE 128

typedef int16_t lanes __attribute__((vector_size(16)));
typedef uint16_t bits __attribute__((vector_size(16)));
typedef struct __attribute__((packed, may_alias)) { lanes value; } loose;

/** Factors with their quotients w * 2^15 / q, rounded. */
typedef struct { lanes factor, quotient; } factors;

/** Of layers whose pairs lie 8 or more apart: one root for each block. Numbers 1 to 63 by reversed bits, as in FIPS 203. */
static factors far_roots[64], far_inverses[64];
/** Of the last three layers, for eight blocks of eight coefficients side by side: roots of distances 4, 2, 2, 1, 1, 1, 1. */
static factors near_roots[8][7], near_inverses[8][7];
static factors last_inverse, scale;

static lanes load(const int16_t *from) { return ((const loose *)(const void *)from)->value; }
static void store(int16_t *to, lanes value) { ((loose *)(void *)to)->value = value; }
static lanes all(int number) {
    const int16_t n = (int16_t)number;
    return (lanes){n, n, n, n, n, n, n, n};
}
/** The lower halves of the products. */
static lanes low_half(lanes a, lanes b) { return (lanes)((bits)a * (bits)b); }
static lanes less_multiple(lanes a, lanes quotient) { return (lanes)((bits)a - (bits)quotient * (bits)all(Q)); }
/** a * b / 2^15, rounded. */
static lanes rounded_high(lanes a, lanes b) { return (lanes)wasm_i16x8_q15mulr_sat((v128_t)a, (v128_t)b); }
static lanes times(lanes a, factors w) {
    return less_multiple(low_half(a, w.factor), rounded_high(a, w.quotient));
}
/** Below q(1/2 + |a| / (3 * 2^15)). */
static lanes reduced(lanes a) { return less_multiple(a, rounded_high(a, all(3))); }

static int power(int base, int exponent) {
    int result = 1;
    for (; exponent > 0; exponent >>= 1, base = base * base % Q) {
        if (exponent & 1) result = result * base % Q;
    }
    return result;
}
static void set_lane(factors *target, int lane, int number) {
    const int centred = number > Q / 2 ? number - Q : number, doubled = 2 * (centred * 32768);
    target->factor[lane] = (int16_t)centred;
    target->quotient[lane] = (int16_t)((doubled + (doubled < 0 ? -Q : Q)) / (2 * Q));
}
static void set_all(factors *target, int number) {
    for (int lane = 0; lane < 8; lane++) set_lane(target, lane, number);
}
static int reversed_bits(int number) {
    int result = 0;
    for (int bit = 0; bit < 9; bit++) result |= ((number >> bit) & 1) << (8 - bit);
    return result;
}

void ring_prepare(void) {
    const int root = power(GENERATOR, GENERATOR_POWER);
    for (int index = 1; index < DEGREE; index++) {
        const int exponent = reversed_bits(index), forward = power(root, exponent), back = power(root, 1024 - exponent);
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
    set_all(&last_inverse, power(root, 1024 - reversed_bits(1)) * SCALE % Q);
    set_all(&scale, SCALE);
}

#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

/** Lane i of vector j becomes lane j of vector i. */
static void transpose(lanes v[8]) {
    lanes a[8], b[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = SHUFFLE(v[i], v[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        a[2 * i + 1] = SHUFFLE(v[i], v[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < 4; i++) {
        b[2 * i] = SHUFFLE(a[i], a[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        b[2 * i + 1] = SHUFFLE(a[i], a[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int i = 0; i < 4; i++) {
        v[2 * i] = SHUFFLE(b[i], b[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        v[2 * i + 1] = SHUFFLE(b[i], b[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
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
        for (int i = 0; i < 8; i++) v[i] = load(a + 64 * group + 8 * i);
        transpose(v);
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
        transpose(v);
        for (int i = 0; i < 8; i++) store(a + 64 * group + 8 * i, v[i]);
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
