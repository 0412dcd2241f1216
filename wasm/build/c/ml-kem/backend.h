/* Which functions mlkem-native takes from us in place of its portable ones, through the hooks that it has for this. */
#ifndef QSM_ML_KEM_BACKEND_H
#define QSM_ML_KEM_BACKEND_H
#include <stdint.h>

#define MLK_ARITH_BACKEND_NAME QSM_WASM
#define MLK_ARITH_BACKEND_IMPL "backend.h"
#define MLK_USE_NATIVE_NTT
#define MLK_USE_NATIVE_INTT
#define MLK_USE_NATIVE_POLY_REDUCE
#define MLK_USE_NATIVE_POLY_TOMONT

#define mlk_ntt_native ml_kem_transform
#define mlk_intt_native ml_kem_transform_back
#define mlk_poly_reduce_native ml_kem_reduce
#define mlk_poly_tomont_native ml_kem_to_montgomery

/** Fills the tables of roots; once, before anything else. */
void ml_kem_prepare(void);
/** FIPS 203 algorithm 9. From below q to below 8 q. */
void ml_kem_transform(int16_t a[256]);
/** FIPS 203 algorithm 10, times 2^16. From any numbers to below 8 q. */
void ml_kem_transform_back(int16_t a[256]);
/** From any numbers to 0..q-1. */
void ml_kem_reduce(int16_t a[256]);
/** Times 2^16. From any numbers to below q. */
void ml_kem_to_montgomery(int16_t a[256]);

#endif
