#include "quill/utf8.h"

#include "internal.h"

/* Here because what counts as white space is a question of characters. */
bool ql_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* How many bytes a character takes that begins with `lead`; 0 for a byte that begins none. */
static size_t length_of(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead < 0xE0)
        return 2;
    if (lead >= 0xE0 && lead < 0xF0)
        return 3;
    if (lead >= 0xF0 && lead < 0xF5)
        return 4;
    return 0;
}

ql_status ql_utf8_next(ql_slice *rest, uint32_t *character)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t length, i;

    if (rest->length == 0)
        return QL_EEMPTY;
    length = length_of((unsigned char)rest->data[0]);
    if (length == 0 || length > rest->length)
        return QL_EFORMAT;
    *character = (unsigned char)rest->data[0] & masks[length];
    for (i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)rest->data[i];
        if ((byte & 0xC0) != 0x80)
            return QL_EFORMAT;
        *character = *character << 6 | (byte & 0x3F);
    }
    /* TODO: surrogates and overlong forms are let through */
    rest->data += length;
    rest->length -= length;
    return QL_OK;
}

bool ql_utf8_valid(ql_slice slice)
{
    uint32_t character;
    ql_status status;

    while ((status = ql_utf8_next(&slice, &character)) == QL_OK)
        continue;
    return status == QL_EEMPTY;
}

size_t ql_utf8_count(ql_slice slice)
{
    uint32_t character;
    size_t count = 0;

    while (slice.length > 0) {
        if (ql_utf8_next(&slice, &character) != QL_OK) {
            slice.data++;
            slice.length--;
        }
        count++;
    }
    return count;
}
