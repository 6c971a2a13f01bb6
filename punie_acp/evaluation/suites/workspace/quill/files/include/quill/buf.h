#ifndef QUILL_BUF_H
#define QUILL_BUF_H

#include <stddef.h>

#include "quill/status.h"

/* A string that grows. `data` always ends with a NUL, which `length` does not count. */
typedef struct {
    char *data;
    size_t length;
    size_t capacity; /* bytes allocated, the NUL included */
} ql_buf;

void ql_buf_init(ql_buf *buf);
void ql_buf_free(ql_buf *buf);
void ql_buf_clear(ql_buf *buf);
ql_status ql_buf_reserve(ql_buf *buf, size_t length);
ql_status ql_buf_append(ql_buf *buf, const char *text);
ql_status ql_buf_append_bytes(ql_buf *buf, const char *bytes, size_t count);
ql_status ql_buf_append_char(ql_buf *buf, char c);
ql_status ql_buf_printf(ql_buf *buf, const char *format, ...);

#endif
