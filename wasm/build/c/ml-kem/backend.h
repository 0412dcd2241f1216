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
#define MLK_USE_NATIVE_POLY_MULCACHE_COMPUTE
#define MLK_USE_NATIVE_POLYVEC_BASEMUL_ACC_MONTGOMERY_CACHED
#define MLK_USE_NATIVE_POLY_TOBYTES
#define MLK_USE_NATIVE_POLY_FROMBYTES
#define MLK_USE_NATIVE_POLY_COMPRESS_D4
#define MLK_USE_NATIVE_POLY_COMPRESS_D10
#define MLK_USE_NATIVE_POLY_DECOMPRESS_D4
#define MLK_USE_NATIVE_POLY_DECOMPRESS_D10

#define mlk_ntt_native ml_kem_transform
#define mlk_intt_native ml_kem_transform_back
#define mlk_poly_reduce_native ml_kem_reduce
#define mlk_poly_tomont_native ml_kem_to_montgomery
#define mlk_poly_mulcache_compute_native ml_kem_cache_products
#define mlk_polyvec_basemul_acc_montgomery_cached_k3_native ml_kem_multiply
#define mlk_poly_tobytes_native ml_kem_encode
#define mlk_poly_frombytes_native ml_kem_decode
#define mlk_poly_compress_d4_native ml_kem_compress_4
#define mlk_poly_compress_d10_native ml_kem_compress_10
#define mlk_poly_decompress_d4_native ml_kem_decompress_4
#define mlk_poly_decompress_d10_native ml_kem_decompress_10

/** Fills the tables of roots; once, before anything else. */
void ml_kem_prepare(void);
/** FIPS 203 algorithm 9. From below q to below 8 q. */
void ml_kem_transform(int16_t a[256]);
/** FIPS 203 algorithm 10, times 2^16. From any numbers to below 2 q. */
void ml_kem_transform_back(int16_t a[256]);
/** From any numbers to 0..q-1. */
void ml_kem_reduce(int16_t a[256]);
/** a + b, of which neither is above 4 q, in 0..q-1. */
void ml_kem_add_and_reduce(int16_t a[256], const int16_t b[256]);
/** Times 2^16. From any numbers to below q. */
void ml_kem_to_montgomery(int16_t a[256]);

/** Fills the tables of products; once, before anything else. */
void ml_kem_prepare_products(void);
/** For `ml_kem_multiply`: what every second coefficient contributes to the one before it. From any numbers to below q. */
void ml_kem_cache_products(int16_t cache[128], const int16_t b[256]);
/**
 * The sum of three products of transformed polynomials (FIPS 203 algorithm 11), times 2^-16. Of `a` 0..4095, of `b` any numbers
 * with their cache; the result is below 5 q.
 */
void ml_kem_multiply(int16_t r[256], const int16_t a[3 * 256], const int16_t b[3 * 256], const int16_t cache[3 * 128]);

/** FIPS 203 algorithm 5 for 12 bits. From 0..q-1. */
void ml_kem_encode(uint8_t r[384], const int16_t a[256]);
/** FIPS 203 algorithm 6 for 12 bits, not reduced: to 0..4095. */
void ml_kem_decode(int16_t r[256], const uint8_t a[384]);
/** Whether all are below q (FIPS 203 section 7.2). */
int ml_kem_all_below_q(const int16_t a[256]);
/* Compress and ByteEncode, ByteDecode and Decompress (FIPS 203 section 4.2.1); numbers in 0..q-1. */
void ml_kem_compress_4(uint8_t r[128], const int16_t a[256]);
void ml_kem_compress_10(uint8_t r[320], const int16_t a[256]);
void ml_kem_decompress_4(int16_t r[256], const uint8_t a[128]);
void ml_kem_decompress_10(int16_t r[256], const uint8_t a[320]);

/** Fills the table of the sampler; once, before anything else. */
void ml_kem_prepare_sampling(void);

#endif
