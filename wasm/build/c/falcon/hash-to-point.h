#include "inner.h"

/**
 * The 512 coefficients mod 12289 that SHAKE256(salt || message) gives (Falcon round 3, algorithm 3). No branch depends on
 * what is drawn; how many blocks are drawn does.
 */
void hash_to_point(uint16_t point[512], const uint8_t salt[40], const uint8_t *message, size_t bytes);
