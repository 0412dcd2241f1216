/* Nothing is allocated: the sources include this file and use nothing of it. */
#include <stddef.h>
