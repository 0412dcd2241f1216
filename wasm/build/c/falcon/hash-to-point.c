#include "hash-to-point.h"

#define DEGREE 512
#define WORDS_PER_BLOCK (SHAKE256_RATE / 2)
/** 5 * 12289: what is below is uniform mod 12289. */
#define ACCEPTED 61445

void hash_to_point(uint16_t point[DEGREE], const uint8_t salt[40], const uint8_t *message, size_t bytes) {
    uint16_t drawn[DEGREE + WORDS_PER_BLOCK];
    shake256incctx hash;
    shake256_inc_init(&hash);
    shake256_inc_absorb(&hash, salt, 40);
    shake256_inc_absorb(&hash, message, bytes);
    shake256_inc_finalize(&hash);
    size_t count = 0;
    while (count < DEGREE) {
        shake256_inc_next_block(&hash);
        const uint8_t *block = (const uint8_t *)hash.lanes;
        for (int index = 0; index < WORDS_PER_BLOCK; index++) {
            const uint32_t word = (uint32_t)block[2 * index] << 8 | block[2 * index + 1];
            drawn[count] = (uint16_t)(word % 12289);
            count += word < ACCEPTED;
        }
    }
    memcpy(point, drawn, DEGREE * sizeof *point);
}
