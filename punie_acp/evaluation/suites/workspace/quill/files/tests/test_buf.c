#include "check.h"
#include "quill.h"

static void grows_as_needed(void)
{
    ql_buf buf;
    int i;

    ql_buf_init(&buf);
    CHECK(ql_buf_append(&buf, "in") == QL_OK);
    CHECK(ql_buf_append(&buf, "k") == QL_OK);
    CHECK(strcmp(buf.data, "ink") == 0);
    for (i = 0; i < 100; i++)
        ql_buf_append_char(&buf, '.');
    CHECK(buf.length == 103);
    CHECK(buf.capacity > buf.length);
    CHECK(buf.data[103] == '\0');
    ql_buf_free(&buf);
    CHECK(buf.data == NULL);
}

static void prints_and_clears(void)
{
    ql_buf buf;

    ql_buf_init(&buf);
    CHECK(ql_buf_printf(&buf, "%d %s", 12, "quills") == QL_OK);
    CHECK(strcmp(buf.data, "12 quills") == 0);
    ql_buf_clear(&buf);
    CHECK(buf.length == 0);
    CHECK(buf.data[0] == '\0');
    ql_buf_free(&buf);
}

void test_buf(void)
{
    grows_as_needed();
    prints_and_clears();
}
