#ifndef QUILL_STATUS_H
#define QUILL_STATUS_H

/* What a call that can fail returns. */
typedef enum {
    QL_OK = 0,
    QL_ENOMEM = 1,  /* out of memory */
    QL_EFULL = 2,   /* no room left */
    QL_EEMPTY = 3,  /* nothing there */
    QL_ERANGE = 4,  /* a number does not fit */
    QL_EFORMAT = 5  /* text that is not what was asked for */
} ql_status;

/* A short text for people; "unknown status" for what is none. */
const char *ql_status_text(ql_status status);

#endif
