/*
 * Number-theoretic transforms over eight coefficients at once, for a modulus of at most 14 bits. The file that includes this
 * defines Q and REDUCING_QUOTIENT, 2^15 / Q rounded. Numbers are signed and not always reduced; the comments say how large they get.
 *
 * Multiplying by a known w takes products of 16 bits: a*w - r*Q, where r is a*w/Q rounded, off by less than one (Barrett; Becker et
 * al., eprint 2021/986, section 2.4). No branch and no address depends on the numbers.
 */
#include <stdint.h>
#include <wasm_simd128.h>

typedef int16_t lanes __attribute__((vector_size(16)));
typedef uint16_t bits __attribute__((vector_size(16)));
typedef struct __attribute__((packed, may_alias)) { lanes value; } loose;

/** A factor for each lane with its quotient, factor * 2^15 / Q rounded. */
typedef struct { lanes factor, quotient; } factors;

#define TRANSFORM_FUNCTION static inline __attribute__((unused))
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

TRANSFORM_FUNCTION lanes load(const int16_t *from) { return ((const loose *)(const void *)from)->value; }
TRANSFORM_FUNCTION void store(int16_t *to, lanes value) { ((loose *)(void *)to)->value = value; }
TRANSFORM_FUNCTION lanes all(int number) {
    const int16_t n = (int16_t)number;
    return (lanes){n, n, n, n, n, n, n, n};
}

/** The lower halves of the products. */
TRANSFORM_FUNCTION lanes low_half(lanes a, lanes b) { return (lanes)((bits)a * (bits)b); }
/** a * b / 2^15, rounded. */
TRANSFORM_FUNCTION lanes rounded_high(lanes a, lanes b) { return (lanes)wasm_i16x8_q15mulr_sat((v128_t)a, (v128_t)b); }
TRANSFORM_FUNCTION lanes less_multiple(lanes a, lanes quotient) {
    return (lanes)((bits)a - (bits)quotient * (bits)all(Q));
}
/** a * w mod Q, below Q(1/2 + |a| / 2^16). */
TRANSFORM_FUNCTION lanes times(lanes a, factors w) {
    return less_multiple(low_half(a, w.factor), rounded_high(a, w.quotient));
}
/** a mod Q, below Q(1/2 + |a| / (3 * 2^15)). */
TRANSFORM_FUNCTION lanes reduced(lanes a) { return less_multiple(a, rounded_high(a, all(REDUCING_QUOTIENT))); }

TRANSFORM_FUNCTION int power(int base, int exponent) {
    int result = 1;
    for (; exponent > 0; exponent >>= 1, base = base * base % Q) {
        if (exponent & 1) result = result * base % Q;
    }
    return result;
}
TRANSFORM_FUNCTION int reversed_bits(int number, int count) {
    int result = 0;
    for (int bit = 0; bit < count; bit++) result |= ((number >> bit) & 1) << (count - 1 - bit);
    return result;
}

/** `number` in 0..Q-1. */
TRANSFORM_FUNCTION void set_lane(factors *target, int lane, int number) {
    const int centred = number > Q / 2 ? number - Q : number, doubled = 2 * (centred * 32768);
    target->factor[lane] = (int16_t)centred;
    target->quotient[lane] = (int16_t)((doubled + (doubled < 0 ? -Q : Q)) / (2 * Q));
}
TRANSFORM_FUNCTION void set_all(factors *target, int number) {
    for (int lane = 0; lane < 8; lane++) set_lane(target, lane, number);
}

/** Lane i of vector j becomes lane j of vector i. */
TRANSFORM_FUNCTION void transpose(lanes v[8]) {
    lanes a[8];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) {
            a[2 * i] = SHUFFLE(v[i], v[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            a[2 * i + 1] = SHUFFLE(v[i], v[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        for (int i = 0; i < 8; i++) v[i] = a[i];
    }
}
/** Eight blocks of eight coefficients, so that vector i holds the coefficients number i; and back. */
TRANSFORM_FUNCTION void load_transposed(lanes v[8], const int16_t *from) {
    for (int i = 0; i < 8; i++) v[i] = load(from + 8 * i);
    transpose(v);
}
TRANSFORM_FUNCTION void store_transposed(int16_t *to, lanes v[8]) {
    transpose(v);
    for (int i = 0; i < 8; i++) store(to + 8 * i, v[i]);
}
