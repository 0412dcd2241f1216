#include <stdint.h>

/** Fills the tables of roots; once, before anything else. */
void ring_prepare(void);

/**
 * h * s - c in Z_12289[x] / (x^512 + 1), each coefficient the one nearest to zero. Coefficients of h and c lie in 0..12288,
 * those of s in -2047..2047. For verification only: all of it is public.
 */
void ring_multiply_subtract(int16_t result[512], const uint16_t h[512], const int16_t s[512], const uint16_t c[512]);
