#include "check.h"

int checks_done = 0;
int checks_failed = 0;

int main(void)
{
    test_buf();
    test_ring();
    test_slice();
    test_status();
    test_table();
    test_utf8();
    printf("%d checks, %d failed\n", checks_done, checks_failed);
    return checks_failed != 0;
}
