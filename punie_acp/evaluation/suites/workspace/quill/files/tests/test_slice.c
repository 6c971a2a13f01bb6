#include "check.h"
#include "quill.h"

static void trims_and_compares(void)
{
    ql_slice slice = ql_slice_trim(ql_slice_of(" \t nib \n"));

    CHECK(ql_slice_equal(slice, ql_slice_of("nib")));
    CHECK(!ql_slice_equal(slice, ql_slice_of("nibs")));
    CHECK(ql_slice_starts_with(slice, ql_slice_of("ni")));
    CHECK(ql_slice_starts_with(slice, ql_slice_of("")));
    CHECK(!ql_slice_starts_with(slice, ql_slice_of("nibs")));
    CHECK(ql_slice_trim(ql_slice_of("  ")).length == 0);
}

static void splits(void)
{
    ql_slice rest = ql_slice_of("a,,bc");
    ql_slice part;

    CHECK(ql_slice_next(&rest, ',', &part) && ql_slice_equal(part, ql_slice_of("a")));
    CHECK(ql_slice_next(&rest, ',', &part) && part.length == 0);
    CHECK(ql_slice_next(&rest, ',', &part) && ql_slice_equal(part, ql_slice_of("bc")));
    CHECK(!ql_slice_next(&rest, ',', &part));
}

static void reads_numbers(void)
{
    int value = 0;

    CHECK(ql_slice_to_int(ql_slice_of("1848"), &value) == QL_OK && value == 1848);
    CHECK(ql_slice_to_int(ql_slice_of("-7"), &value) == QL_OK && value == -7);
    CHECK(ql_slice_to_int(ql_slice_of("7 "), &value) == QL_EFORMAT);
    CHECK(ql_slice_to_int(ql_slice_of(""), &value) == QL_EFORMAT);
    CHECK(ql_slice_to_int(ql_slice_of("2147483648"), &value) == QL_ERANGE);
}

void test_slice(void)
{
    trims_and_compares();
    splits();
    reads_numbers();
}
