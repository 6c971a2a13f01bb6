/* The smallest test framework that does. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

extern int checks_done;
extern int checks_failed;

#define CHECK(condition) \
    do { \
        checks_done++; \
        if (!(condition)) { \
            checks_failed++; \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

void test_buf(void);
void test_ring(void);
void test_slice(void);
void test_status(void);
void test_table(void);
void test_utf8(void);

#endif
