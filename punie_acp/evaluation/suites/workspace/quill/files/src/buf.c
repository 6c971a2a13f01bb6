#include "quill/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define QL_BUF_MIN 48 /* the first allocation, in bytes */

void ql_buf_init(ql_buf *buf)
{
    buf->data = NULL;
    buf->length = 0;
    buf->capacity = 0;
}

void ql_buf_free(ql_buf *buf)
{
    free(buf->data);
    ql_buf_init(buf);
}

void ql_buf_clear(ql_buf *buf)
{
    buf->length = 0;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

/* Make room for `length` bytes and the NUL. */
ql_status ql_buf_reserve(ql_buf *buf, size_t length)
{
    size_t capacity = buf->capacity == 0 ? QL_BUF_MIN : buf->capacity;
    char *data;

    while (capacity < length + 1)
        capacity *= QL_GROWTH; /* TODO: this can overflow */
    if (capacity == buf->capacity)
        return QL_OK;
    data = realloc(buf->data, capacity);
    if (data == NULL)
        return QL_ENOMEM;
    if (buf->data == NULL)
        data[0] = '\0';
    buf->data = data;
    buf->capacity = capacity;
    return QL_OK;
}

ql_status ql_buf_append_bytes(ql_buf *buf, const char *bytes, size_t count)
{
    ql_status status = ql_buf_reserve(buf, buf->length + count);

    if (status != QL_OK)
        return status;
    memcpy(buf->data + buf->length, bytes, count);
    buf->length += count;
    buf->data[buf->length] = '\0';
    return QL_OK;
}

ql_status ql_buf_append(ql_buf *buf, const char *text)
{
    return ql_buf_append_bytes(buf, text, strlen(text));
}

ql_status ql_buf_append_char(ql_buf *buf, char c)
{
    return ql_buf_append_bytes(buf, &c, 1);
}

ql_status ql_buf_printf(ql_buf *buf, const char *format, ...)
{
    va_list arguments;
    int needed;
    ql_status status;

    va_start(arguments, format);
    needed = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (needed < 0)
        return QL_EFORMAT;
    status = ql_buf_reserve(buf, buf->length + (size_t)needed);
    if (status != QL_OK)
        return status;
    va_start(arguments, format);
    vsnprintf(buf->data + buf->length, (size_t)needed + 1, format, arguments);
    va_end(arguments);
    buf->length += (size_t)needed;
    return QL_OK;
}
