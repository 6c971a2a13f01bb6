#include "quill/slice.h"

#include <limits.h>
#include <string.h>

#include "internal.h"

ql_slice ql_slice_of(const char *text)
{
    ql_slice slice = {text, strlen(text)};
    return slice;
}

ql_slice ql_slice_trim(ql_slice slice)
{
    while (slice.length > 0 && ql_is_space(slice.data[0])) {
        slice.data++;
        slice.length--;
    }
    while (slice.length > 0 && ql_is_space(slice.data[slice.length - 1]))
        slice.length--;
    return slice;
}

bool ql_slice_equal(ql_slice left, ql_slice right)
{
    return left.length == right.length && memcmp(left.data, right.data, left.length) == 0;
}

bool ql_slice_starts_with(ql_slice slice, ql_slice prefix)
{
    return slice.length >= prefix.length && memcmp(slice.data, prefix.data, prefix.length) == 0;
}

bool ql_slice_next(ql_slice *rest, char separator, ql_slice *part)
{
    const char *end;

    if (rest->length == 0)
        return false;
    end = memchr(rest->data, separator, rest->length);
    part->data = rest->data;
    part->length = end == NULL ? rest->length : (size_t)(end - rest->data);
    rest->length -= end == NULL ? part->length : part->length + 1;
    rest->data += end == NULL ? part->length : part->length + 1;
    return true;
}

ql_status ql_slice_to_int(ql_slice slice, int *value)
{
    long long number = 0;
    bool negative = slice.length > 0 && slice.data[0] == '-';
    size_t i = negative ? 1 : 0;

    if (i == slice.length)
        return QL_EFORMAT;
    for (; i < slice.length; i++) {
        if (slice.data[i] < '0' || slice.data[i] > '9')
            return QL_EFORMAT;
        number = number * 10 + (slice.data[i] - '0');
        if (number > (long long)INT_MAX + 1)
            return QL_ERANGE;
    }
    if (negative)
        number = -number;
    if (number > INT_MAX)
        return QL_ERANGE;
    *value = (int)number;
    return QL_OK;
}
