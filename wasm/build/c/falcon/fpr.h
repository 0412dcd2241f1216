/*
 * The floating-point numbers of Falcon as native doubles, in place of the header that emulates them with integers. WebAssembly
 * rounds to nearest, ties to even, and knows no other mode, so that add, multiply, divide and square root give the bits of the
 * emulation; rounding to integers and the exponential follow it step by step. What differs is never met: subnormal numbers
 * (the emulation makes zeros of them), infinities and NaN. Names and meaning are those that inner.h asks for.
 */
#include <stdint.h>

/** A structure, so that the compiler refuses `x + y` where the functions below are meant. */
typedef struct {
    double value;
} fpr;

#define FPR(number) ((fpr){number})

static const fpr fpr_q = {12289.0};
static const fpr fpr_inverse_of_q = {1.0 / 12289.0};
/** 1 / (2 * 1.8205^2), for the sampler of the base distribution. */
static const fpr fpr_inv_2sqrsigma0 = {0x1.34f8bc183bbc2p-3};
/** By logarithm of the degree; the first of each is not used. */
static const fpr fpr_inv_sigma[] = {
    {0.0},
    {0x1.c48eb7e24169ap-8},
    {0x1.be50a548caed9p-8},
    {0x1.b852ee09e762cp-8},
    {0x1.afc5ed3cada36p-8},
    {0x1.a7b3b0976b3edp-8},
    {0x1.a011282ca9c98p-8},
    {0x1.98d49ce5f2736p-8},
    {0x1.91f57c56ed9eep-8},
    {0x1.8b6c2de64c7cap-8},
    {0x1.8531ef6311ae3p-8},
};
static const fpr fpr_sigma_min[] = {
    {0.0},
    {0x1.1dd380644568bp+0},
    {0x1.21d2edcad8626p+0},
    {0x1.25c46e1aa7c7ap+0},
    {0x1.2b95c574afb25p+0},
    {0x1.314abc7fe22b6p+0},
    {0x1.36e4e3475d7c3p+0},
    {0x1.3c65a66a1c224p+0},
    {0x1.41ce5358cb3a0p+0},
    {0x1.47201bf1f7a75p+0},
    {0x1.4c5c19990c764p+0},
};
static const fpr fpr_log2 = {0x1.62e42fefa39efp-1};
static const fpr fpr_inv_log2 = {0x1.71547652b82fep+0};
static const fpr fpr_bnorm_max = {16822.4121};
static const fpr fpr_zero = {0.0};
static const fpr fpr_one = {1.0};
static const fpr fpr_two = {2.0};
static const fpr fpr_onehalf = {0.5};
static const fpr fpr_invsqrt2 = {0x1.6a09e667f3bcdp-1};
static const fpr fpr_invsqrt8 = {0x1.6a09e667f3bcdp-2};
static const fpr fpr_ptwo31 = {0x1p+31};
static const fpr fpr_ptwo31m1 = {2147483647.0};
static const fpr fpr_mtwo31m1 = {-2147483647.0};
static const fpr fpr_ptwo63m1 = {0x1p+63};
static const fpr fpr_mtwo63m1 = {-0x1p+63};
static const fpr fpr_ptwo63 = {0x1p+63};

static inline fpr fpr_of(int64_t number) { return FPR((double)number); }

/** To the nearest integer, ties to even. */
static inline int64_t fpr_rint(fpr x) { return (int64_t)__builtin_rint(x.value); }

/** Toward minus infinity; of -0 it is -1, as in the emulation. */
static inline int64_t fpr_floor(fpr x) {
    const int64_t truncated = (int64_t)x.value;
    const int negative_zero = __builtin_bit_cast(uint64_t, x.value) == (uint64_t)1 << 63;
    return truncated - ((x.value < (double)truncated) | negative_zero);
}

static inline int64_t fpr_trunc(fpr x) { return (int64_t)x.value; }

static inline fpr fpr_add(fpr x, fpr y) { return FPR(x.value + y.value); }
static inline fpr fpr_sub(fpr x, fpr y) { return FPR(x.value - y.value); }
static inline fpr fpr_neg(fpr x) { return FPR(-x.value); }
static inline fpr fpr_half(fpr x) { return FPR(x.value * 0.5); }
static inline fpr fpr_double(fpr x) { return FPR(x.value + x.value); }
static inline fpr fpr_mul(fpr x, fpr y) { return FPR(x.value * y.value); }
static inline fpr fpr_sqr(fpr x) { return FPR(x.value * x.value); }
static inline fpr fpr_inv(fpr x) { return FPR(1.0 / x.value); }
static inline fpr fpr_div(fpr x, fpr y) { return FPR(x.value / y.value); }
static inline fpr fpr_sqrt(fpr x) { return FPR(__builtin_sqrt(x.value)); }
static inline int fpr_lt(fpr x, fpr y) { return x.value < y.value; }

/** The upper 64 bits of a product. */
static inline uint64_t fpr_multiply_high(uint64_t x, uint64_t y) {
    const uint64_t x0 = (uint32_t)x, x1 = x >> 32, y0 = (uint32_t)y, y1 = y >> 32;
    const uint64_t one = x0 * y1 + ((x0 * y0) >> 32), other = x1 * y0;
    return x1 * y1 + (one >> 32) + (other >> 32) + (((uint64_t)(uint32_t)one + (uint32_t)other) >> 32);
}

/**
 * 2^63 * scale * exp(-x) for 0 <= x <= log(2), by the polynomial of FACCT (eprint 2018/1234) in fixed point: integers, so
 * that each rounding is the one of the emulation.
 */
static inline uint64_t fpr_expm_p63(fpr x, fpr scale) {
    static const uint64_t coefficients[] = {
        0x00000036548cfc06u, 0x0000024fdcbf140au, 0x0000171d939de045u, 0x0000d00cf58f6f84u,
        0x000680681cf796e3u, 0x002d82d8305b0feau, 0x011111110e066fd0u, 0x0555555555070f00u,
        0x155555555581ff00u, 0x400000000002b400u, 0x7fffffffffff4800u, 0x8000000000000000u,
    };
    const uint64_t z = (uint64_t)fpr_trunc(fpr_mul(x, fpr_ptwo63)) << 1;
    uint64_t y = 0x00000004741183a3u;
    for (int index = 0; index < 12; index++) y = coefficients[index] - fpr_multiply_high(z, y);
    return fpr_multiply_high((uint64_t)fpr_trunc(fpr_mul(scale, fpr_ptwo63)) << 1, y);
}

/* The tables hold bits, which are those of doubles: the file that defines them is compiled with its own header. */
#define fpr_gm_tab PQCLEAN_FALCON512_CLEAN_fpr_gm_tab
extern const fpr fpr_gm_tab[];
#define fpr_p2_tab PQCLEAN_FALCON512_CLEAN_fpr_p2_tab
extern const fpr fpr_p2_tab[];
