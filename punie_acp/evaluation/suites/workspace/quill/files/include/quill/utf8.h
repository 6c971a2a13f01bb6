#ifndef QUILL_UTF8_H
#define QUILL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quill/slice.h"

/* Takes one character off `rest`; QL_EEMPTY at the end, QL_EFORMAT for what is not UTF-8. */
ql_status ql_utf8_next(ql_slice *rest, uint32_t *character);
bool ql_utf8_valid(ql_slice slice);

/* How many characters there are; a byte that is not UTF-8 counts as one. */
size_t ql_utf8_count(ql_slice slice);

#endif
