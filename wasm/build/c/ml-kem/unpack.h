/* Twelve bits a number, as FIPS 203 packs them. */
#ifndef QSM_ML_KEM_UNPACK_H
#define QSM_ML_KEM_UNPACK_H

#define Q 3329
#define REDUCING_QUOTIENT 10
#include "../transform.h"

/** The eight numbers in the first twelve bytes. */
static inline lanes unpack_12(v128_t bytes) {
    const bits words = (bits)wasm_i8x16_shuffle(bytes, bytes, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11);
    return SHUFFLE((lanes)words & all(0xfff), (lanes)(words >> 4), 0, 9, 2, 11, 4, 13, 6, 15);
}

#endif
