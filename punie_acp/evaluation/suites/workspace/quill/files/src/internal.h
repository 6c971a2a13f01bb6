/* Shared by the library's own files, not installed. */
#ifndef QUILL_INTERNAL_H
#define QUILL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QL_GROWTH 2        /* buffers and tables grow by this factor */
#define QL_MAX_LOAD 70     /* percent of a table's entries in use before it grows */

bool ql_is_space(char c);
uint32_t ql_fnv1a(const char *bytes, size_t count);
uint32_t ql_djb2(const char *bytes, size_t count);
char *ql_copy(const char *bytes, size_t count);

#endif
