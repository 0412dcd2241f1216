/*
 * Keccak-f[1600] (FIPS 202 section 3) over any type with the operators of a 64-bit lane: uint64_t for one state, a vector
 * of two for two states at once. KECCAK_DEFINE(name, type) defines `static void name(type state[25])`.
 *
 * 25 lanes fit no register file. Left to themselves, compilers of WebAssembly save and fetch them again and again, so a round goes
 * plane by plane from one array in memory to another; only the parities of the columns of the new state stay in registers. Lanes 1, 2,
 * 8, 12, 17 and 20 are kept inverted: chi then takes five inversions in place of 25 (Keccak implementation overview, section 2.2).
 */
#ifndef QSM_KECCAK_H
#define QSM_KECCAK_H
#include <stdint.h>

typedef uint64_t lane;
/** The same lane of two states. */
typedef uint64_t lane_pair __attribute__((vector_size(16)));

static const uint64_t keccak_round_constants[24] = {
    0x0000000000000001u, 0x0000000000008082u, 0x800000000000808au, 0x8000000080008000u, 0x000000000000808bu,
    0x0000000080000001u, 0x8000000080008081u, 0x8000000000008009u, 0x000000000000008au, 0x0000000000000088u,
    0x0000000080008009u, 0x000000008000000au, 0x000000008000808bu, 0x800000000000008bu, 0x8000000000008089u,
    0x8000000000008003u, 0x8000000000008002u, 0x8000000000000080u, 0x000000000000800au, 0x800000008000000au,
    0x8000000080008081u, 0x8000000000008080u, 0x0000000080000001u, 0x8000000080008008u,
};

#define KECCAK_ROTATE(word, bits) (((word) << (bits)) | ((word) >> ((64 - (bits)) & 63)))

/* Five lanes that theta, rho and pi bring together. */
#define KECCAK_GATHER(type, i0, d0, r0, i1, d1, r1, i2, d2, r2, i3, d3, r3, i4, d4, r4)                                  \
    const type s0 = from[i0] ^ (d0), s1 = from[i1] ^ (d1), s2 = from[i2] ^ (d2), s3 = from[i3] ^ (d3), s4 = from[i4] ^ (d4), \
               b0 = KECCAK_ROTATE(s0, r0), b1 = KECCAK_ROTATE(s1, r1), b2 = KECCAK_ROTATE(s2, r2),                       \
               b3 = KECCAK_ROTATE(s3, r3), b4 = KECCAK_ROTATE(s4, r4)

/* The plane that starts at lane `at`, out of chi. The compiler must not keep it for the next round. */
#define KECCAK_PLANE(type, at, join, e0, e1, e2, e3, e4)                                     \
    do {                                                                                     \
        const type o0 = (e0), o1 = (e1), o2 = (e2), o3 = (e3), o4 = (e4);                    \
        to[at] = o0, to[(at) + 1] = o1, to[(at) + 2] = o2, to[(at) + 3] = o3, to[(at) + 4] = o4; \
        p0 join o0, p1 join o1, p2 join o2, p3 join o3, p4 join o4;                          \
        __asm__ volatile("" : : "r"(to) : "memory");                                         \
    } while (0)

/* From `from` to `to`, whose parities are in c0..c4 before and after. */
#define KECCAK_ROUND(type, source, target, constant)                                                               \
    do {                                                                                                           \
        const type *from = (source);                                                                               \
        type *to = (target), p0, p1, p2, p3, p4;                                                                   \
        const type d0 = c4 ^ KECCAK_ROTATE(c1, 1), d1 = c0 ^ KECCAK_ROTATE(c2, 1), d2 = c1 ^ KECCAK_ROTATE(c3, 1), \
                   d3 = c2 ^ KECCAK_ROTATE(c4, 1), d4 = c3 ^ KECCAK_ROTATE(c0, 1);                                 \
        {                                                                                                          \
            KECCAK_GATHER(type, 0, d0, 0, 6, d1, 44, 12, d2, 43, 18, d3, 21, 24, d4, 14);                          \
            KECCAK_PLANE(type, 0, =, b0 ^ (b1 | b2) ^ (constant), b1 ^ (~b2 | b3), b2 ^ (b3 & b4), b3 ^ (b4 | b0), \
                         b4 ^ (b0 & b1));                                                                          \
        }                                                                                                          \
        {                                                                                                          \
            KECCAK_GATHER(type, 3, d3, 28, 9, d4, 20, 10, d0, 3, 16, d1, 45, 22, d2, 61);                          \
            KECCAK_PLANE(type, 5, ^=, b0 ^ (b1 | b2), b1 ^ (b2 & b3), b2 ^ (b3 | ~b4), b3 ^ (b4 | b0), b4 ^ (b0 & b1)); \
        }                                                                                                          \
        {                                                                                                          \
            KECCAK_GATHER(type, 1, d1, 1, 7, d2, 6, 13, d3, 25, 19, d4, 8, 20, d0, 18);                            \
            const type n3 = ~b3;                                                                                   \
            KECCAK_PLANE(type, 10, ^=, b0 ^ (b1 | b2), b1 ^ (b2 & b3), b2 ^ (n3 & b4), n3 ^ (b4 | b0), b4 ^ (b0 & b1)); \
        }                                                                                                          \
        {                                                                                                          \
            KECCAK_GATHER(type, 4, d4, 27, 5, d0, 36, 11, d1, 10, 17, d2, 15, 23, d3, 56);                         \
            const type n3 = ~b3;                                                                                   \
            KECCAK_PLANE(type, 15, ^=, b0 ^ (b1 & b2), b1 ^ (b2 | b3), b2 ^ (n3 | b4), n3 ^ (b4 & b0), b4 ^ (b0 | b1)); \
        }                                                                                                          \
        {                                                                                                          \
            KECCAK_GATHER(type, 2, d2, 62, 8, d3, 55, 14, d4, 39, 15, d0, 41, 21, d1, 2);                          \
            const type n1 = ~b1;                                                                                   \
            KECCAK_PLANE(type, 20, ^=, b0 ^ (n1 & b2), n1 ^ (b2 | b3), b2 ^ (b3 & b4), b3 ^ (b4 | b0), b4 ^ (b0 & b1)); \
        }                                                                                                          \
        c0 = p0, c1 = p1, c2 = p2, c3 = p3, c4 = p4;                                                               \
    } while (0)

#define KECCAK_INVERT(state)                                                                                        \
    ((state)[1] = ~(state)[1], (state)[2] = ~(state)[2], (state)[8] = ~(state)[8], (state)[12] = ~(state)[12], \
     (state)[17] = ~(state)[17], (state)[20] = ~(state)[20])
#define KECCAK_PARITY(state, x) ((state)[x] ^ (state)[(x) + 5] ^ (state)[(x) + 10] ^ (state)[(x) + 15] ^ (state)[(x) + 20])

#define KECCAK_DEFINE(name, type)                                                                              \
    static __attribute__((noinline)) void name(type state[25]) {                                               \
        type other[25];                                                                                        \
        KECCAK_INVERT(state);                                                                                  \
        type c0 = KECCAK_PARITY(state, 0), c1 = KECCAK_PARITY(state, 1), c2 = KECCAK_PARITY(state, 2),         \
             c3 = KECCAK_PARITY(state, 3), c4 = KECCAK_PARITY(state, 4);                                       \
        for (int round = 0; round < 24; round += 2) {                                                          \
            KECCAK_ROUND(type, state, other, keccak_round_constants[round]);                                   \
            KECCAK_ROUND(type, other, state, keccak_round_constants[round + 1]);                               \
        }                                                                                                      \
        KECCAK_INVERT(state);                                                                                  \
    }

#endif
