#ifndef QUILL_TABLE_H
#define QUILL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "quill/slice.h"
#include "quill/status.h"

typedef struct {
    char *key; /* NULL: never used */
    size_t length;
    int value;
    bool removed;
} ql_entry;

/* A hash table from texts to ints. It keeps copies of its keys. */
typedef struct {
    ql_entry *entries;
    size_t capacity;
    size_t count; /* entries that are there */
    size_t used;  /* and those removed */
} ql_table;

void ql_table_init(ql_table *table);
void ql_table_free(ql_table *table);
ql_status ql_table_set(ql_table *table, ql_slice key, int value);
bool ql_table_get(const ql_table *table, ql_slice key, int *value);
bool ql_table_remove(ql_table *table, ql_slice key);

#endif
