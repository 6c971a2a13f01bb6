#include "quill/ring.h"

void ql_ring_init(ql_ring *ring, int *items, size_t capacity)
{
    ring->items = items;
    ring->capacity = capacity;
    ring->head = 0;
    ring->tail = 0;
    ring->full = capacity == 0;
}

/* TODO: a variant that overwrites the oldest item */
ql_status ql_ring_push(ql_ring *ring, int item)
{
    if (ring->full)
        return QL_EFULL;
    ring->items[ring->tail] = item;
    ring->tail = (ring->tail + 1) % ring->capacity;
    ring->full = ring->tail == ring->head;
    return QL_OK;
}

ql_status ql_ring_peek(const ql_ring *ring, int *item)
{
    if (ql_ring_count(ring) == 0)
        return QL_EEMPTY;
    *item = ring->items[ring->head];
    return QL_OK;
}

ql_status ql_ring_pop(ql_ring *ring, int *item)
{
    ql_status status = ql_ring_peek(ring, item);

    if (status != QL_OK)
        return status;
    ring->head = (ring->head + 1) % ring->capacity;
    ring->full = false;
    return QL_OK;
}

size_t ql_ring_count(const ql_ring *ring)
{
    if (ring->full)
        return ring->capacity;
    if (ring->tail >= ring->head)
        return ring->tail - ring->head;
    return ring->head - ring->tail;
}
