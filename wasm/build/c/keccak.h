/*
 * Keccak-f[1600] (FIPS 202 section 3) over any type with the operators of a 64-bit lane: uint64_t for one state, a vector
 * of two for two states at once. KECCAK_DEFINE(name, type) defines `static void name(type state[25])`.
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

#define KECCAK_ROTATE(word, bits) (((word) << (bits)) | ((word) >> (64 - (bits))))

/* One plane: five lanes that theta, rho and pi bring together, then chi. */
#define KECCAK_PLANE(type, o0, o1, o2, o3, o4, i0, t0, r0, i1, t1, r1, i2, t2, r2, i3, t3, r3, i4, t4, r4) \
    do {                                                                                                  \
        const type b0 = KECCAK_FIRST_##r0((i0) ^ (t0), r0);                                               \
        const type b1 = KECCAK_ROTATE((i1) ^ (t1), r1);                                                   \
        const type b2 = KECCAK_ROTATE((i2) ^ (t2), r2);                                                   \
        const type b3 = KECCAK_ROTATE((i3) ^ (t3), r3);                                                   \
        const type b4 = KECCAK_ROTATE((i4) ^ (t4), r4);                                                   \
        o0 = b0 ^ (~b1 & b2);                                                                             \
        o1 = b1 ^ (~b2 & b3);                                                                             \
        o2 = b2 ^ (~b3 & b4);                                                                             \
        o3 = b3 ^ (~b4 & b0);                                                                             \
        o4 = b4 ^ (~b0 & b1);                                                                             \
    } while (0)
#define KECCAK_FIRST_0(word, bits) (word)
#define KECCAK_FIRST_28 KECCAK_ROTATE
#define KECCAK_FIRST_1 KECCAK_ROTATE
#define KECCAK_FIRST_27 KECCAK_ROTATE
#define KECCAK_FIRST_62 KECCAK_ROTATE

/* From the lanes A to the lanes E. */
#define KECCAK_ROUND(type, A, E, constant)                                                                      \
    do {                                                                                                        \
        const type c0 = A##0 ^ A##5 ^ A##10 ^ A##15 ^ A##20, c1 = A##1 ^ A##6 ^ A##11 ^ A##16 ^ A##21,           \
                   c2 = A##2 ^ A##7 ^ A##12 ^ A##17 ^ A##22, c3 = A##3 ^ A##8 ^ A##13 ^ A##18 ^ A##23,           \
                   c4 = A##4 ^ A##9 ^ A##14 ^ A##19 ^ A##24;                                                    \
        const type d0 = c4 ^ KECCAK_ROTATE(c1, 1), d1 = c0 ^ KECCAK_ROTATE(c2, 1), d2 = c1 ^ KECCAK_ROTATE(c3, 1), \
                   d3 = c2 ^ KECCAK_ROTATE(c4, 1), d4 = c3 ^ KECCAK_ROTATE(c0, 1);                              \
        KECCAK_PLANE(type, E##0, E##1, E##2, E##3, E##4, A##0, d0, 0, A##6, d1, 44, A##12, d2, 43, A##18, d3, 21, \
                     A##24, d4, 14);                                                                            \
        KECCAK_PLANE(type, E##5, E##6, E##7, E##8, E##9, A##3, d3, 28, A##9, d4, 20, A##10, d0, 3, A##16, d1, 45, \
                     A##22, d2, 61);                                                                            \
        KECCAK_PLANE(type, E##10, E##11, E##12, E##13, E##14, A##1, d1, 1, A##7, d2, 6, A##13, d3, 25, A##19, d4, \
                     8, A##20, d0, 18);                                                                         \
        KECCAK_PLANE(type, E##15, E##16, E##17, E##18, E##19, A##4, d4, 27, A##5, d0, 36, A##11, d1, 10, A##17, \
                     d2, 15, A##23, d3, 56);                                                                    \
        KECCAK_PLANE(type, E##20, E##21, E##22, E##23, E##24, A##2, d2, 62, A##8, d3, 55, A##14, d4, 39, A##15, \
                     d0, 41, A##21, d1, 2);                                                                     \
        E##0 ^= (constant);                                                                                     \
    } while (0)

#define KECCAK_LANES(do_, A)                                                                                      \
    do_(A, 0) do_(A, 1) do_(A, 2) do_(A, 3) do_(A, 4) do_(A, 5) do_(A, 6) do_(A, 7) do_(A, 8) do_(A, 9) do_(A, 10) \
    do_(A, 11) do_(A, 12) do_(A, 13) do_(A, 14) do_(A, 15) do_(A, 16) do_(A, 17) do_(A, 18) do_(A, 19) do_(A, 20) \
    do_(A, 21) do_(A, 22) do_(A, 23) do_(A, 24)
#define KECCAK_DECLARE(A, n) A##n,
#define KECCAK_LOAD(A, n) A##n = state[n];
#define KECCAK_STORE(A, n) state[n] = A##n;

#define KECCAK_DEFINE(name, type)                                     \
    static void name(type state[25]) {                                \
        type KECCAK_LANES(KECCAK_DECLARE, a) KECCAK_LANES(KECCAK_DECLARE, e) unused; \
        (void)unused;                                                 \
        KECCAK_LANES(KECCAK_LOAD, a)                                  \
        for (int round = 0; round < 24; round += 2) {                 \
            KECCAK_ROUND(type, a, e, keccak_round_constants[round]);  \
            KECCAK_ROUND(type, e, a, keccak_round_constants[round + 1]); \
        }                                                             \
        KECCAK_LANES(KECCAK_STORE, a)                                 \
    }

#endif
