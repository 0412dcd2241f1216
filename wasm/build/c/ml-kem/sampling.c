/* Sampling of the matrix (FIPS 203 algorithm 7), for us and under the names of mlkem-native, whose own loop goes number by number. */
#include "sampling.h"

#include <string.h>

#include "backend.h"
#include "hashes.h"
#include "matrix.h"
#include "unpack.h"

#define DEGREE 256
/** Blocks after which nearly every polynomial is complete; each holds 112 numbers, of which 13 in 16 are below q. */
#define FIRST_BLOCKS 3

/** For each set of lanes that are taken: the bytes of those lanes, in order. Of public numbers only. */
static uint8_t taken_bytes[256][16];

void ml_kem_prepare_sampling(void) {
    for (int set = 0; set < 256; set++) {
        int count = 0;
        for (int lane = 0; lane < 8; lane++) {
            if (((set >> lane) & 1) == 0) continue;
            taken_bytes[set][2 * count] = (uint8_t)(2 * lane);
            taken_bytes[set][2 * count + 1] = (uint8_t)(2 * lane + 1);
            count++;
        }
    }
}

/* Appends the numbers below q of one block to the `count` ones that `r` has; gives their count, at most 256. */
static int append_small(int16_t r[DEGREE], int count, const uint8_t from[SHAKE128_RATE]) {
    const uint8_t *end = from + SHAKE128_RATE;
    for (; count <= DEGREE - 8 && from < end; from += 12) {
        const lanes numbers = unpack_12(wasm_v128_load32_lane(from + 8, wasm_v128_load64_zero(from), 2));
        const uint32_t set = wasm_i16x8_bitmask((v128_t)(numbers < all(Q)));
        store(r + count, (lanes)wasm_i8x16_swizzle((v128_t)numbers, wasm_v128_load(taken_bytes[set])));
        count += __builtin_popcount(set);
    }
    for (; count < DEGREE && from < end; from += 3) {
        const int first = (from[0] | from[1] << 8) & 0xfff, second = from[1] >> 4 | from[2] << 4;
        if (first < Q) r[count++] = (int16_t)first;
        if (second < Q && count < DEGREE) r[count++] = (int16_t)second;
    }
    return count;
}

/* Goes on alone until `r` is complete. */
static void complete(int16_t r[DEGREE], int count, keccak_one *state) {
    while (count < DEGREE) {
        keccak_permute(state);
        count = append_small(r, count, (const uint8_t *)state->lanes);
    }
}

static void complete_half(int16_t r[DEGREE], int count, const keccak_pair *pair, int half) {
    if (count == DEGREE) return;
    keccak_one alone;
    for (int lane = 0; lane < 25; lane++) alone.lanes[lane] = pair->lanes[lane][half];
    complete(r, count, &alone);
}

static int append_half(int16_t r[DEGREE], int count, const keccak_pair *pair, int half) {
    uint64_t block[SHAKE128_RATE / 8];
    for (int lane = 0; lane < SHAKE128_RATE / 8; lane++) block[lane] = pair->lanes[lane][half];
    return append_small(r, count, (const uint8_t *)block);
}

/* `seed`: rho and two bytes of place. */
static void sample_one(mlk_poly *r, const uint8_t seed[34]) {
    keccak_one state;
    seed_one(&state, SHAKE128_RATE, seed, 34);
    complete(r->coeffs, 0, &state);
}

static void sample_two(mlk_poly *first, mlk_poly *second, const uint8_t first_seed[34], const uint8_t second_seed[34]) {
    keccak_pair state;
    int first_count = 0, second_count = 0;
    seed_half(&state, 0, SHAKE128_RATE, first_seed, 34);
    seed_half(&state, 1, SHAKE128_RATE, second_seed, 34);
    for (int block = 0; block < FIRST_BLOCKS; block++) {
        keccak_permute_pair(&state);
        first_count = append_half(first->coeffs, first_count, &state, 0);
        second_count = append_half(second->coeffs, second_count, &state, 1);
    }
    complete_half(first->coeffs, first_count, &state, 0);
    complete_half(second->coeffs, second_count, &state, 1);
}

void mlk_poly_rej_uniform_x4(mlk_poly *vec, uint8_t *seed[4]) {
    sample_two(&vec[0], &vec[1], seed[0], seed[1]);
    sample_two(&vec[2], &vec[3], seed[2], seed[3]);
}

void mlk_poly_rej_uniform(mlk_poly *entry, uint8_t seed[34]) { sample_one(entry, seed); }

/* Nine blocks of the hash in one half of the state, three of each of three polynomials in the other. */
static void sample_three_beside(mlk_poly r[3], const uint8_t seeds[3][34], long_hash *hash) {
    keccak_pair state = {0};
    const uint8_t *input = hash->input;
    size_t left = hash->bytes;
    for (int which = 0; which < 3; which++) {
        int count = 0;
        seed_half(&state, 1, SHAKE128_RATE, seeds[which], 34);
        for (int block = 0; block < FIRST_BLOCKS; block++) {
            const size_t taken = left < SHAKE256_RATE ? left : SHAKE256_RATE;
            absorb_half(&state, 0, input, taken);
            input += taken, left -= taken;
            if (taken < SHAKE256_RATE) pad_half(&state, 0, SHAKE256_RATE, taken, hash->suffix);
            keccak_permute_pair(&state);
            count = append_half(r[which].coeffs, count, &state, 1);
        }
        complete_half(r[which].coeffs, count, &state, 1);
    }
    for (int lane = 0; lane < 4; lane++) memcpy(hash->digest + 8 * lane, &state.lanes[lane][0], 8);
}

void ml_kem_matrix_and_hashes(mlk_polyvec transposed[3], const uint8_t rho[32], long_hash *first, long_hash *second) {
    uint8_t seeds[3][3][34];
    for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 3; column++) {
            memcpy(seeds[row][column], rho, 32);
            seeds[row][column][32] = (uint8_t)row;
            seeds[row][column][33] = (uint8_t)column;
        }
    }
    sample_three_beside(transposed[0].vec, seeds[0], first);
    if (second == NULL) {
        sample_two(&transposed[1].vec[0], &transposed[1].vec[1], seeds[1][0], seeds[1][1]);
        sample_two(&transposed[1].vec[2], &transposed[2].vec[2], seeds[1][2], seeds[2][2]);
    } else {
        sample_three_beside(transposed[1].vec, seeds[1], second);
        sample_one(&transposed[2].vec[2], seeds[2][2]);
    }
    sample_two(&transposed[2].vec[0], &transposed[2].vec[1], seeds[2][0], seeds[2][1]);
}
