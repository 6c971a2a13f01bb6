#include "quill/table.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define QL_TABLE_MIN 16 /* entries of the smallest table */

void ql_table_init(ql_table *table)
{
    memset(table, 0, sizeof *table);
}

void ql_table_free(ql_table *table)
{
    size_t i;

    for (i = 0; i < table->capacity; i++)
        free(table->entries[i].key);
    free(table->entries);
    ql_table_init(table);
}

/* The entry of `key`, or the unused one where it would go. */
static ql_entry *find(const ql_table *table, ql_slice key)
{
    size_t place = ql_fnv1a(key.data, key.length) % table->capacity;

    for (;; place = (place + 1) % table->capacity) {
        ql_entry *entry = &table->entries[place];
        if (entry->key == NULL)
            return entry;
        if (!entry->removed && entry->length == key.length && memcmp(entry->key, key.data, key.length) == 0)
            return entry;
    }
}

static ql_status grow(ql_table *table)
{
    ql_table larger = {NULL, 0, 0, 0};
    size_t i;

    larger.capacity = table->capacity == 0 ? QL_TABLE_MIN : table->capacity * QL_GROWTH;
    larger.entries = calloc(larger.capacity, sizeof *larger.entries);
    if (larger.entries == NULL)
        return QL_ENOMEM;
    for (i = 0; i < table->capacity; i++) {
        ql_entry *entry = &table->entries[i];
        if (entry->key == NULL)
            continue;
        if (entry->removed) { /* TODO: reuse removed entries instead of dragging them along until here */
            free(entry->key);
            continue;
        }
        *find(&larger, (ql_slice){entry->key, entry->length}) = *entry;
        larger.count++;
        larger.used++;
    }
    free(table->entries);
    *table = larger;
    return QL_OK;
}

ql_status ql_table_set(ql_table *table, ql_slice key, int value)
{
    ql_entry *entry;

    if (table->capacity == 0 || (table->used + 1) * 100 > table->capacity * QL_MAX_LOAD) {
        ql_status status = grow(table);
        if (status != QL_OK)
            return status;
    }
    entry = find(table, key);
    if (entry->key == NULL) {
        entry->key = ql_copy(key.data, key.length);
        if (entry->key == NULL)
            return QL_ENOMEM;
        entry->length = key.length;
        table->count++;
        table->used++;
    }
    entry->value = value;
    return QL_OK;
}

bool ql_table_get(const ql_table *table, ql_slice key, int *value)
{
    ql_entry *entry = table->capacity == 0 ? NULL : find(table, key);

    if (entry == NULL || entry->key == NULL)
        return false;
    *value = entry->value;
    return true;
}

bool ql_table_remove(ql_table *table, ql_slice key)
{
    ql_entry *entry = table->capacity == 0 ? NULL : find(table, key);

    if (entry == NULL || entry->key == NULL)
        return false;
    entry->removed = true;
    table->count--;
    return true;
}
