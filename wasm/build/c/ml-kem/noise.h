#ifndef QSM_ML_KEM_NOISE_H
#define QSM_ML_KEM_NOISE_H
#include "poly.h"

/** SamplePolyCBD(PRF(coins, number)), and the next number for the second; numbers in -2..2. */
void ml_kem_noise_pair(mlk_poly *first, mlk_poly *second, const uint8_t coins[32], uint8_t number);
void ml_kem_noise(mlk_poly *r, const uint8_t coins[32], uint8_t number);

#endif
