#ifndef QUILL_RING_H
#define QUILL_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "quill/status.h"

/* A queue of ints in memory that the caller gives. */
typedef struct {
    int *items;
    size_t capacity;
    size_t head; /* where the oldest item is */
    size_t tail; /* where the next item goes */
    bool full;
} ql_ring;

void ql_ring_init(ql_ring *ring, int *items, size_t capacity);
ql_status ql_ring_push(ql_ring *ring, int item);
ql_status ql_ring_pop(ql_ring *ring, int *item);
ql_status ql_ring_peek(const ql_ring *ring, int *item);
size_t ql_ring_count(const ql_ring *ring);

#endif
