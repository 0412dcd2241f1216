/*
 * The AVX2 operations that Falcon's sources use, on vectors of the compiler: it lays each of 256 bits onto a pair of 128. Names
 * and meaning are Intel's. Multiplication and addition stay two operations, each with its own rounding.
 */
#ifndef QSM_IMMINTRIN_H
#define QSM_IMMINTRIN_H
#include <stdint.h>

typedef double __m128d __attribute__((vector_size(16)));
typedef int64_t __m128i __attribute__((vector_size(16)));
typedef double __m256d __attribute__((vector_size(32)));
typedef int64_t __m256i __attribute__((vector_size(32)));

/* The same bits by other lanes. */
typedef int16_t qsm_short8 __attribute__((vector_size(16)));
typedef uint16_t qsm_ushort8 __attribute__((vector_size(16)));
typedef int16_t qsm_short16 __attribute__((vector_size(32)));
typedef int32_t qsm_int4 __attribute__((vector_size(16)));
typedef int32_t qsm_int8 __attribute__((vector_size(32)));
typedef uint32_t qsm_uint8 __attribute__((vector_size(32)));

/* Memory without alignment, which may be seen as other types as well. */
typedef struct __attribute__((packed, may_alias)) { __m128d vector; } qsm_loose128d;
typedef struct __attribute__((packed, may_alias)) { __m256d vector; } qsm_loose256d;
typedef struct __attribute__((packed, may_alias)) { __m256i vector; } qsm_loose256i;

#define QSM_FUNCTION static inline __attribute__((always_inline, unused))
#define QSM_BINARY(type, name, expression) \
    QSM_FUNCTION type name(type a, type b) { return expression; }

QSM_FUNCTION __m128d _mm_loadu_pd(const double *p) { return ((const qsm_loose128d *)(const void *)p)->vector; }
QSM_FUNCTION __m256d _mm256_loadu_pd(const double *p) { return ((const qsm_loose256d *)(const void *)p)->vector; }
QSM_FUNCTION __m256i _mm256_loadu_si256(const __m256i *p) { return ((const qsm_loose256i *)(const void *)p)->vector; }
QSM_FUNCTION void _mm_storeu_pd(double *p, __m128d a) { ((qsm_loose128d *)(void *)p)->vector = a; }
QSM_FUNCTION void _mm256_storeu_pd(double *p, __m256d a) { ((qsm_loose256d *)(void *)p)->vector = a; }
QSM_FUNCTION void _mm256_storeu_si256(__m256i *p, __m256i a) { ((qsm_loose256i *)(void *)p)->vector = a; }

QSM_FUNCTION __m128d _mm_set_pd(double high, double low) { return (__m128d){low, high}; }
QSM_FUNCTION __m128d _mm_set1_pd(double a) { return (__m128d){a, a}; }
QSM_FUNCTION __m256d _mm256_set_pd(double d, double c, double b, double a) { return (__m256d){a, b, c, d}; }
QSM_FUNCTION __m256d _mm256_set1_pd(double a) { return (__m256d){a, a, a, a}; }
QSM_FUNCTION __m256d _mm256_setzero_pd(void) { return (__m256d){0}; }
QSM_FUNCTION __m128i _mm_setzero_si128(void) { return (__m128i){0}; }
QSM_FUNCTION __m256i _mm256_set_epi32(int32_t h, int32_t g, int32_t f, int32_t e, int32_t d, int32_t c, int32_t b,
                                      int32_t a) {
    return (__m256i)(qsm_int8){a, b, c, d, e, f, g, h};
}
QSM_FUNCTION __m128i _mm_cvtsi32_si128(int32_t a) { return (__m128i)(qsm_int4){a, 0, 0, 0}; }
QSM_FUNCTION int32_t _mm_cvtsi128_si32(__m128i a) { return ((qsm_int4)a)[0]; }
QSM_FUNCTION double _mm_cvtsd_f64(__m128d a) { return a[0]; }
QSM_FUNCTION __m256i _mm256_broadcastd_epi32(__m128i a) {
    const int32_t low = ((qsm_int4)a)[0];
    return (__m256i)(qsm_int8){low, low, low, low, low, low, low, low};
}
QSM_FUNCTION __m256i _mm256_broadcastw_epi16(__m128i a) {
    const int16_t low = ((qsm_short8)a)[0];
    return (__m256i)(qsm_short16){low, low, low, low, low, low, low, low, low, low, low, low, low, low, low, low};
}

QSM_BINARY(__m128d, _mm_add_pd, a + b)
QSM_BINARY(__m128d, _mm_sub_pd, a - b)
QSM_BINARY(__m128d, _mm_mul_pd, a *b)
QSM_BINARY(__m128d, _mm_xor_pd, (__m128d)((__m128i)a ^ (__m128i)b))
QSM_BINARY(__m256d, _mm256_add_pd, a + b)
QSM_BINARY(__m256d, _mm256_sub_pd, a - b)
QSM_BINARY(__m256d, _mm256_mul_pd, a *b)
QSM_BINARY(__m256d, _mm256_div_pd, a / b)
QSM_BINARY(__m256d, _mm256_xor_pd, (__m256d)((__m256i)a ^ (__m256i)b))
QSM_BINARY(__m128i, _mm_add_epi64, a + b)
QSM_BINARY(__m256i, _mm256_add_epi64, a + b)
QSM_BINARY(__m256i, _mm256_add_epi32, (__m256i)((qsm_uint8)a + (qsm_uint8)b))
QSM_BINARY(__m256i, _mm256_and_si256, a & b)
QSM_BINARY(__m256i, _mm256_or_si256, a | b)
QSM_BINARY(__m256i, _mm256_xor_si256, a ^ b)
QSM_BINARY(__m256i, _mm256_cmpgt_epi64, (__m256i)(a > b))
QSM_BINARY(__m256i, _mm256_cmpgt_epi16, (__m256i)((qsm_short16)a > (qsm_short16)b))
QSM_BINARY(__m256i, _mm256_cmpeq_epi16, (__m256i)((qsm_short16)a == (qsm_short16)b))
QSM_FUNCTION __m256i _mm256_slli_epi32(__m256i a, int bits) { return (__m256i)((qsm_uint8)a << bits); }
QSM_FUNCTION __m256i _mm256_srli_epi32(__m256i a, int bits) { return (__m256i)((qsm_uint8)a >> bits); }
QSM_FUNCTION __m128i _mm_srli_epi16(__m128i a, int bits) { return (__m128i)((qsm_ushort8)a >> (uint16_t)bits); }

/* Each of the two halves for itself, as in AVX2. */
QSM_BINARY(__m128d, _mm_unpacklo_pd, __builtin_shufflevector(a, b, 0, 2))
QSM_BINARY(__m128d, _mm_unpackhi_pd, __builtin_shufflevector(a, b, 1, 3))
QSM_BINARY(__m256d, _mm256_unpacklo_pd, __builtin_shufflevector(a, b, 0, 4, 2, 6))
QSM_BINARY(__m256d, _mm256_unpackhi_pd, __builtin_shufflevector(a, b, 1, 5, 3, 7))
QSM_BINARY(__m256d, _mm256_hadd_pd, _mm256_unpacklo_pd(a, b) + _mm256_unpackhi_pd(a, b))
QSM_BINARY(__m256d, _mm256_hsub_pd, _mm256_unpacklo_pd(a, b) - _mm256_unpackhi_pd(a, b))
QSM_FUNCTION __m128i _mm_hadd_epi16(__m128i a, __m128i b) {
    const qsm_short8 even = __builtin_shufflevector((qsm_short8)a, (qsm_short8)b, 0, 2, 4, 6, 8, 10, 12, 14);
    const qsm_short8 odd = __builtin_shufflevector((qsm_short8)a, (qsm_short8)b, 1, 3, 5, 7, 9, 11, 13, 15);
    return (__m128i)(even + odd);
}

QSM_FUNCTION __m128d _mm_load1_pd(const double *p) { return (__m128d){*p, *p}; }
QSM_FUNCTION void _mm_storel_pd(double *p, __m128d a) { *p = a[0]; }
QSM_FUNCTION __m128d _mm_sqrt_pd(__m128d a) { return __builtin_elementwise_sqrt(a); }

/* What selects must be a constant, so these are macros. */
#define _mm_permute_pd(a, i) __builtin_shufflevector(a, a, (i) & 1, ((i) >> 1) & 1)
#define _mm256_shuffle_pd(a, b, i) \
    __builtin_shufflevector(a, b, (i) & 1, 4 + (((i) >> 1) & 1), 2 + (((i) >> 2) & 1), 6 + (((i) >> 3) & 1))
#define _mm256_permute4x64_pd(a, i) \
    __builtin_shufflevector(a, a, (i) & 3, ((i) >> 2) & 3, ((i) >> 4) & 3, ((i) >> 6) & 3)
#define _mm256_permute4x64_epi64(a, i) _mm256_permute4x64_pd(a, i)
/* Only with halves that are taken, not cleared. */
#define _mm256_permute2f128_pd(a, b, i)                                                              \
    __builtin_shufflevector(a, b, 2 * ((i) & 3), 2 * ((i) & 3) + 1, 2 * (((i) >> 4) & 3), \
                            2 * (((i) >> 4) & 3) + 1)
#define _mm256_extractf128_pd(a, i) __builtin_shufflevector(a, a, 2 * (i), 2 * (i) + 1)
#define _mm256_extracti128_si256(a, i) __builtin_shufflevector(a, a, 2 * (i), 2 * (i) + 1)

QSM_FUNCTION __m128i _mm256_castsi256_si128(__m256i a) { return __builtin_shufflevector(a, a, 0, 1); }
QSM_FUNCTION __m128d _mm256_castpd256_pd128(__m256d a) { return __builtin_shufflevector(a, a, 0, 1); }
/** By whole lanes of 64 bits, which is all that is asked for. */
#define _mm_srli_si128(a, bytes) __builtin_shufflevector(a, (__m128i){0}, (bytes) / 8, (bytes) / 8 + 1)
#define _mm256_bsrli_epi128(a, bytes) \
    __builtin_shufflevector(a, (__m256i){0}, (bytes) / 8, (bytes) / 8 == 1 ? 4 : 1, 2 + (bytes) / 8, (bytes) / 8 == 1 ? 6 : 3)
QSM_FUNCTION __m256i _mm256_cvtepi16_epi64(__m128i a) {
    const qsm_short8 lanes = (qsm_short8)a;
    return (__m256i){lanes[0], lanes[1], lanes[2], lanes[3]};
}

#endif
