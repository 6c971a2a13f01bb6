#include "check.h"
#include "quill.h"

void test_status(void)
{
    CHECK(strcmp(ql_status_text(QL_OK), "ok") == 0);
    CHECK(strcmp(ql_status_text(QL_EFULL), "full") == 0);
    CHECK(strcmp(ql_status_text((ql_status)99), "unknown status") == 0);
}
