/* The arithmetic of ML-KEM that takes most time next to hashing. */
#include "backend.h"

#define Q 3329
#define REDUCING_QUOTIENT 10
#include "../transform.h"

#define DEGREE 256
#define LOG_ROOTS 7
/** A root of x^256 + 1 of order 256 (FIPS 203 section 4.3). */
#define ROOT 17
/** 2^16 mod q, the factor of Montgomery's form. */
#define MONTGOMERY 2285
/** 2^16 / 128: the factor that is wanted, without the one that the way back puts in. */
#define SCALE 512

/** Of layers whose pairs lie 8 or more apart: one root for each block. Numbers 1 to 31 of FIPS 203, appendix A. */
static factors far_roots[32], far_inverses[32];
/** Of the last two layers, for eight blocks of eight coefficients side by side: roots of distances 4, 2, 2. */
static factors near_roots[4][3], near_inverses[4][3];
static factors montgomery, scale;

void ml_kem_prepare(void) {
    for (int index = 1; index < 128; index++) {
        const int exponent = reversed_bits(index, LOG_ROOTS), forward = power(ROOT, exponent), back = power(ROOT, 256 - exponent);
        if (index < 32) {
            set_all(&far_roots[index], forward);
            set_all(&far_inverses[index], back);
            continue;
        }
        const int each = index < 64 ? 1 : 2, block = index / each - 32, place = each - 1 + index % each;
        set_lane(&near_roots[block / 8][place], block % 8, forward);
        set_lane(&near_inverses[block / 8][place], block % 8, back);
    }
    set_all(&montgomery, MONTGOMERY);
    set_all(&scale, SCALE);
}

/* Each layer adds less than q, so nothing needs to be reduced on the way. */
static inline void butterfly(lanes *low, lanes *high, factors root) {
    const lanes product = times(*high, root), other = *low;
    *low = other + product;
    *high = other - product;
}

void ml_kem_transform(int16_t a[DEGREE]) {
    int index = 1;
    for (int distance = DEGREE / 2; distance >= 8; distance /= 2) {
        for (int start = 0; start < DEGREE; start += 2 * distance) {
            const factors root = far_roots[index++];
            for (int i = start; i < start + distance; i += 8) {
                lanes low = load(a + i), high = load(a + i + distance);
                butterfly(&low, &high, root);
                store(a + i, low);
                store(a + i + distance, high);
            }
        }
    }
    for (int group = 0; group < 4; group++) {
        lanes v[8];
        load_transposed(v, a + 64 * group);
        for (int i = 0; i < 4; i++) butterfly(&v[i], &v[i + 4], near_roots[group][0]);
        for (int i = 0; i < 2; i++) butterfly(&v[i], &v[i + 2], near_roots[group][1]);
        for (int i = 4; i < 6; i++) butterfly(&v[i], &v[i + 2], near_roots[group][2]);
        store_transposed(a + 64 * group, v);
    }
}

/* Two numbers below b q become one below 2 b q and one below q (1/2 + b / 9): for b up to 4 nothing leaves 16 bits. */
static inline void butterfly_back(lanes *low, lanes *high, factors root) {
    const lanes sum = *low + *high, difference = *low - *high;
    *low = sum;
    *high = times(difference, root);
}

/*
 * Sums double with each layer, so some are reduced. What they stay below, in q, where 16 bits hold 9.84:
 *
 *   distance          scaled     2     4          8    16    32         64   128
 *   sums                   1     2     4  8 -> 0.78  1.82  3.63  7.3 -> 0.75  1.74
 *   multiplied half        1  0.61  0.71       0.91  0.60  0.69       0.87  0.59
 *
 * Without the reduction at 8, sums of distance 16 could reach 16 q. No random input shows that, so a test goes through the bounds.
 */
void ml_kem_transform_back(int16_t a[DEGREE]) {
    for (int group = 0; group < 4; group++) {
        lanes v[8];
        load_transposed(v, a + 64 * group);
        for (int i = 0; i < 8; i++) v[i] = times(v[i], scale);
        for (int i = 0; i < 2; i++) butterfly_back(&v[i], &v[i + 2], near_inverses[group][1]);
        for (int i = 4; i < 6; i++) butterfly_back(&v[i], &v[i + 2], near_inverses[group][2]);
        for (int i = 0; i < 4; i++) butterfly_back(&v[i], &v[i + 4], near_inverses[group][0]);
        store_transposed(a + 64 * group, v);
    }
    for (int distance = 8; distance < DEGREE; distance *= 2) {
        const int reducing = distance == 8 || distance == 64;
        int index = DEGREE / 2 / distance;
        for (int start = 0; start < DEGREE; start += 2 * distance) {
            const factors root = far_inverses[index++];
            for (int i = start; i < start + distance; i += 8) {
                lanes low = load(a + i), high = load(a + i + distance);
                butterfly_back(&low, &high, root);
                store(a + i, reducing ? reduced(low) : low);
                store(a + i + distance, high);
            }
        }
    }
}

static inline lanes canonical(lanes a) {
    const lanes value = reduced(a);
    return value + ((value >> 15) & all(Q));
}

void ml_kem_reduce(int16_t a[DEGREE]) {
    for (int i = 0; i < DEGREE; i += 8) store(a + i, canonical(load(a + i)));
}

void ml_kem_add_and_reduce(int16_t a[DEGREE], const int16_t b[DEGREE]) {
    for (int i = 0; i < DEGREE; i += 8) store(a + i, canonical(load(a + i) + load(b + i)));
}

void ml_kem_to_montgomery(int16_t a[DEGREE]) {
    for (int i = 0; i < DEGREE; i += 8) store(a + i, times(load(a + i), montgomery));
}
