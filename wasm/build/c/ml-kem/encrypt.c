/* K-PKE.Encrypt (FIPS 203 algorithm 14) from a matrix that is there already. */
#include "encrypt.h"

#include "backend.h"
#include "compress.h"
#include "noise.h"

#define U_BYTES 320

void ml_kem_encrypt(uint8_t ciphertext[3 * U_BYTES + 128], const uint8_t message[32], const mlk_polyvec *key,
                    const mlk_polyvec transposed[3], const uint8_t coins[32]) {
    mlk_polyvec y, e1;
    mlk_poly e2, mu, sum;
    mlk_polyvec_mulcache cache;

    ml_kem_noise_pair(&y.vec[0], &y.vec[1], coins, 0);
    ml_kem_noise_pair(&y.vec[2], &e1.vec[0], coins, 2);
    ml_kem_noise_pair(&e1.vec[1], &e1.vec[2], coins, 4);
    ml_kem_noise(&e2, coins, 6);
    mlk_poly_frommsg(&mu, message);
    mlk_poly_add(&e2, &mu);
    for (int i = 0; i < 3; i++) {
        ml_kem_transform(y.vec[i].coeffs);
        ml_kem_cache_products(cache.vec[i].coeffs, y.vec[i].coeffs);
    }

    for (int i = 0; i < 3; i++) {
        ml_kem_multiply(sum.coeffs, transposed[i].vec[0].coeffs, y.vec[0].coeffs, cache.vec[0].coeffs);
        ml_kem_transform_back(sum.coeffs);
        ml_kem_add_and_reduce(sum.coeffs, e1.vec[i].coeffs);
        ml_kem_compress_10(ciphertext + U_BYTES * i, sum.coeffs);
    }
    ml_kem_multiply(sum.coeffs, key->vec[0].coeffs, y.vec[0].coeffs, cache.vec[0].coeffs);
    ml_kem_transform_back(sum.coeffs);
    ml_kem_add_and_reduce(sum.coeffs, e2.coeffs);
    ml_kem_compress_4(ciphertext + 3 * U_BYTES, sum.coeffs);
}
