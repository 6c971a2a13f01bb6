#include "check.h"
#include "quill.h"

void test_table(void)
{
    ql_table table;
    ql_buf name;
    int i, value = 0;

    ql_table_init(&table);
    CHECK(!ql_table_get(&table, ql_slice_of("goose"), &value));
    CHECK(ql_table_set(&table, ql_slice_of("goose"), 3) == QL_OK);
    CHECK(ql_table_set(&table, ql_slice_of("goose"), 4) == QL_OK);
    CHECK(ql_table_get(&table, ql_slice_of("goose"), &value) && value == 4);
    CHECK(table.count == 1);
    CHECK(ql_table_remove(&table, ql_slice_of("goose")));
    CHECK(!ql_table_remove(&table, ql_slice_of("goose")));
    CHECK(table.count == 0);

    ql_buf_init(&name);
    for (i = 0; i < 200; i++) {
        ql_buf_clear(&name);
        ql_buf_printf(&name, "key-%d", i);
        ql_table_set(&table, ql_slice_of(name.data), i);
    }
    CHECK(table.count == 200);
    CHECK(ql_table_get(&table, ql_slice_of("key-137"), &value) && value == 137);
    ql_buf_free(&name);
    ql_table_free(&table);
    CHECK(table.entries == NULL);
}
