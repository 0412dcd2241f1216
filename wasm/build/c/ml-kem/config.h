/* How mlkem-native is built: ML-KEM-768 in portable C, with hash functions and transforms of this folder. */
#ifndef QSM_ML_KEM_CONFIG_H
#define QSM_ML_KEM_CONFIG_H

#define MLKEM_K 3
#define MLK_NAMESPACE_PREFIX QSM_MLKEM768
#define MLK_USE_NATIVE_BACKEND_ARITH
#define MLK_ARITH_BACKEND_FILE "backend.h"
#define MLK_FIPS202_CUSTOM_HEADER "hashes.h"
#define MLK_FIPS202X4_CUSTOM_HEADER "hashes.h"

#endif
