#include "check.h"
#include "quill.h"

void test_utf8(void)
{
    ql_slice rest = ql_slice_of("\xC3\xA9\xE2\x82\xAC");
    uint32_t character = 0;

    CHECK(ql_utf8_next(&rest, &character) == QL_OK && character == 0xE9);
    CHECK(ql_utf8_next(&rest, &character) == QL_OK && character == 0x20AC);
    CHECK(ql_utf8_next(&rest, &character) == QL_EEMPTY);
    CHECK(ql_utf8_valid(ql_slice_of("plume \xF0\x9F\xAA\xB6")));
    CHECK(!ql_utf8_valid(ql_slice_of("\xFFplume")));
    CHECK(ql_utf8_count(ql_slice_of("d\xC3\xA9j\xC3\xA0")) == 4);
    CHECK(ql_utf8_count(ql_slice_of("\xC3")) == 1);
}
