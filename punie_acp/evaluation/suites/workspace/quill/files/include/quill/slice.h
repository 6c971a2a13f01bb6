#ifndef QUILL_SLICE_H
#define QUILL_SLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "quill/status.h"

/* A view of text that somebody else owns. It need not end with a NUL. */
typedef struct {
    const char *data;
    size_t length;
} ql_slice;

ql_slice ql_slice_of(const char *text);
ql_slice ql_slice_trim(ql_slice slice);
bool ql_slice_equal(ql_slice left, ql_slice right);
bool ql_slice_starts_with(ql_slice slice, ql_slice prefix);
bool ql_slice_ends_with(ql_slice slice, ql_slice suffix);

/* Cuts the part before `separator` off `rest` and stores it in `part`; false when nothing is left. */
bool ql_slice_next(ql_slice *rest, char separator, ql_slice *part);

/* Reads all of `slice` as a decimal number: QL_EFORMAT if it is none, QL_ERANGE if it does not fit. */
ql_status ql_slice_to_int(ql_slice slice, int *value);

#endif
