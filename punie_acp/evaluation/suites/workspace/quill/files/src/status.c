#include "quill/status.h"

const char *ql_status_text(ql_status status)
{
    switch (status) {
    case QL_OK:
        return "ok";
    case QL_ENOMEM:
        return "out of memory";
    case QL_EFULL:
        return "full";
    case QL_EEMPTY:
        return "empty";
    case QL_ERANGE:
        return "out of range";
    default:
        return "unknown status";
    }
}
