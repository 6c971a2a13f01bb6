#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A copy of `count` bytes with a NUL behind them, or NULL. */
char *ql_copy(const char *bytes, size_t count)
{
    char *copy = malloc(count + 1);

    if (copy != NULL) {
        memcpy(copy, bytes, count);
        copy[count] = '\0';
    }
    return copy;
}

uint32_t ql_fnv1a(const char *bytes, size_t count)
{
    uint32_t hash = 2166136261u;
    size_t i;

    for (i = 0; i < count; i++) {
        hash ^= (unsigned char)bytes[i];
        hash *= 16777619u;
    }
    return hash;
}

/* What tables used before 0.5. */
uint32_t ql_djb2(const char *bytes, size_t count)
{
    uint32_t hash = 5381;
    size_t i;

    for (i = 0; i < count; i++)
        hash = hash * 33 + (unsigned char)bytes[i];
    return hash;
}
