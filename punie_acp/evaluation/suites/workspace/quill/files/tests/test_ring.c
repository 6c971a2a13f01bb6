#include "check.h"
#include "quill.h"

void test_ring(void)
{
    int items[3];
    int item = 0;
    ql_ring ring;

    ql_ring_init(&ring, items, 3);
    CHECK(ql_ring_pop(&ring, &item) == QL_EEMPTY);
    CHECK(ql_ring_push(&ring, 10) == QL_OK);
    CHECK(ql_ring_push(&ring, 20) == QL_OK);
    CHECK(ql_ring_count(&ring) == 2);
    CHECK(ql_ring_push(&ring, 30) == QL_OK);
    CHECK(ql_ring_push(&ring, 40) == QL_EFULL);
    CHECK(ql_ring_count(&ring) == 3);
    CHECK(ql_ring_pop(&ring, &item) == QL_OK && item == 10);
    CHECK(ql_ring_peek(&ring, &item) == QL_OK && item == 20);
}
